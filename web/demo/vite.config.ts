// `vite --config demo/vite.config.ts`: the demo. The configuration of the product knows nothing of it.
import react from "@vitejs/plugin-react";
import { copyFile, readFile, rename } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const WORKER = "mockServiceWorker.js";
const workerFile = join(dirname(createRequire(import.meta.url).resolve("msw")), "..", WORKER);

/** The service worker of the mock, from its package; and the demo's page as the page of every address. */
function demo(): Plugin {
  return {
    name: "demo",
    configureServer(server) {
      server.middlewares.use(async (request, response, next) => {
        if (request.url === `/${WORKER}`) {
          response.setHeader("content-type", "text/javascript");
          return void response.end(await readFile(workerFile));
        }
        if (request.headers.accept?.includes("text/html")) request.url = "/demo.html";
        next();
      });
    },
    async closeBundle() {
      const out = join(root, "dist-demo");
      await copyFile(workerFile, join(out, WORKER));
      await rename(join(out, "demo.html"), join(out, "index.html"));
      // Hosts of static files give this one for addresses that are no files.
      await copyFile(join(out, "index.html"), join(out, "404.html"));
    },
  };
}

export default defineConfig({
  root,
  appType: "mpa",
  plugins: [react(), demo()],
  // The first browsers with light-dark() in styles (2024).
  build: { target: "es2023", cssTarget: ["chrome123", "firefox120", "safari17.5"], outDir: "dist-demo", emptyOutDir: true, modulePreload: { polyfill: false }, rollupOptions: { input: join(root, "demo.html") } },
});
