// Writes docs/screenshots: the screens with real runs, light and dark, wide and phone.
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { browser } from "./browser.mjs";
import { PASSWORD, server } from "./server.mjs";

// The best ones for the documentation; with a folder as the argument, all of them go there.
const all = process.argv[2] !== undefined;
const folder = process.argv[2] ?? fileURLToPath(new URL("../../../docs/screenshots", import.meta.url));
await mkdir(folder, { recursive: true });
const cds = await server();
const chrome = await browser();
const page = await chrome.context.newPage();

const start = (branch, author) => cds.ctl("workflow", "run", "SHOP", "release", "-d", JSON.stringify({ "git.branch": branch, "git.author": author }), "--track").catch(() => undefined);
await start("main", "ada");
await start("feature/checkout", "grace");
await start("main", "linus");
await start("hotfix/tax", "ada");
await cds.ctl("workflow", "run", "SHOP", "nightly");

await page.goto(cds.url);
await page.fill("input[name=username]", "admin");
await page.fill("input[name=password]", PASSWORD);
await page.click("button[type=submit]");
await page.waitForSelector(".shell");

const BEST = ["run-light", "run-dark", "run-phone", "log-dark", "home-light", "queue-dark"];
const RUN = "/project/SHOP/workflow/release/run";
const SHOTS = [
  ["run-light", `${RUN}/2?node=unit`, "light"],
  ["run-dark", `${RUN}/1?node=build`, "dark"],
  ["run-live", "/project/SHOP/workflow/nightly/run/1?node=long", "light"],
  ["run-phone", `${RUN}/2?node=browser`, "light", 390],
  ["log-dark", "/project/SHOP/workflow/release/run/2/job/0?step=0#L6-8", "dark"],
  ["log-live", "/project/SHOP/workflow/nightly/run/1/job/3", "light"],
  ["home-light", "/", "light"],
  ["home-phone", "/", "dark", 390],
  ["workflow-light", "/project/SHOP/workflow/release", "light"],
  ["changes-light", `${RUN}/2?tab=changes`, "light"],
  ["tests-dark", `${RUN}/2?tab=tests`, "dark"],
  ["queue-dark", "/queue", "dark"],
  ["fleet-light", "/fleet", "light"],
];
for (const [name, path, theme, width = 1280] of SHOTS.filter(([name]) => all || BEST.includes(name))) {
  await page.setViewportSize({ width, height: width < 600 ? 844 : 800 });
  await page.evaluate((t) => localStorage.setItem("cds.theme", t), theme);
  await page.goto(cds.url + path);
  await page.waitForSelector("main h1");
  await page.waitForTimeout(900);
  await page.screenshot({ path: `${folder}/${name}.png` });
}
await chrome.close();
await cds.close();
