// Starts the system's Chromium for tests and screenshots, with a profile of its own.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

// A page may give a request up while a suite is answering it, and ask anew: nobody's fault.
process.on("unhandledRejection", (e) => {
  if (!/Fetch response has been disposed|Route is already handled|Request context disposed/.test(String(e))) throw e;
});

/** `{ context, close }`; the context is fresh. */
export async function browser(options = {}) {
  const profile = await mkdtemp(join(tmpdir(), "cds-web-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: FLAGS,
    headless: true,
    viewport: { width: 1360, height: 860 },
    ...options,
  });
  return {
    context,
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
