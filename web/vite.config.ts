import react from "@vitejs/plugin-react";
import { existsSync } from "node:fs";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

/** Puts a `.br` and a `.gz` beside every file worth it, so that the server need not compress. */
function precompress(): Plugin {
  let folder = "dist";
  return {
    name: "precompress",
    apply: "build",
    configResolved({ root, build }) {
      folder = resolve(root, build.outDir);
    },
    async closeBundle(error?: Error) {
      // The build has failed: nothing of ours may stand before the reason.
      if (error || !existsSync(folder)) return;
      for (const name of await readdir(folder, { recursive: true })) {
        const path = join(folder, name);
        if (!/\.(js|css|html|svg|json)$/.test(path) || (await stat(path)).size < 1024) continue;
        const bytes = await readFile(path);
        const size = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
        await writeFile(`${path}.br`, brotliCompressSync(bytes, { params: size }));
        await writeFile(`${path}.gz`, gzipSync(bytes, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), precompress()],
  // The first browsers with light-dark() in styles (2024).
  build: { target: "es2023", cssTarget: ["chrome123", "firefox120", "safari17.5"], modulePreload: { polyfill: false } },
  // `CDS_API_URL=http://127.0.0.1:8081 npm run dev` works on the UI against a server that runs.
  server: { proxy: { "/v1": process.env.CDS_API_URL ?? "http://127.0.0.1:8081" } },
});
