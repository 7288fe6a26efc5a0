// Writes docs/screenshots: every screen with real runs, light and dark, wide and on a phone. A folder as the argument
// takes them instead; further arguments are the beginnings of names.
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { browser } from "./browser.mjs";
import { signIn, server } from "./server.mjs";

const [folder = fileURLToPath(new URL("../../../docs/screenshots", import.meta.url)), ...only] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
const cds = await server();
const chrome = await browser({ deviceScaleFactor: 1 });
const page = await chrome.context.newPage();
page.setDefaultTimeout(60_000);
const session = await chrome.context.newCDPSession(page);

const start = (branch, author) => cds.ctl("workflow", "run", "SHOP", "release", "-d", JSON.stringify({ "git.branch": branch, "git.author": author }), "--track").catch(() => undefined);
await start("main", "ada");
await start("feature/a-branch-with-quite-a-long-name-as-people-give-them", "grace");
await start("main", "linus");
await start("hotfix/tax", "ada");
await cds.ctl("workflow", "run", "SHOP", "large", "--track");
await cds.ctl("workflow", "run", "SHOP", "nightly");
await cds.ctl("workflow", "run", "SHOP", "gated", "--track");

await page.goto(cds.url);
await page.waitForSelector("input[name=username]");

const RELEASE = "/project/SHOP/workflow/release";
const NIGHTLY = "/project/SHOP/workflow/nightly";
/** Name, path, what to do before the picture. */
const SCREENS = [
  ["home", "/"],
  ["projects", "/projects"],
  ["project", "/project/SHOP"],
  ["workflow", RELEASE],
  ["start", RELEASE, () => page.click("text=Start a run")],
  ["run-failed", `${RELEASE}/run/2?node=unit`],
  ["run-good", `${RELEASE}/run/1?node=build`],
  ["run-live", `${NIGHTLY}/run/1?node=long`],
  ["run-skipped", `${RELEASE}/run/1?node=hotfix`],
  ["gate", "/project/SHOP/workflow/gated/run/1"],
  ["tests", `${RELEASE}/run/2?tab=tests`],
  ["artifacts", `${RELEASE}/run/1?tab=artifacts`],
  ["changes", `${RELEASE}/run/2?tab=changes`],
  ["happened", `${RELEASE}/run/2?tab=infos`],
  ["log", `${RELEASE}/run/2/job/0?step=0#L6-8`],
  ["log-failed", `${RELEASE}/run/2/job/5`],
  ["log-live", `${NIGHTLY}/run/1/job/3`],
  ["log-large", "/project/SHOP/workflow/large/run/1/job/0?step=0#L300000"],
  ["queue", "/queue"],
  ["fleet", "/fleet"],
  ["palette", "/", async () => (await page.keyboard.press("/"), await page.keyboard.type("rel"), page.waitForSelector("[role=option]"))],
  ["pipeline", "/project/SHOP/pipeline/build"],
  ["application", "/project/SHOP/application/shop"],
  ["environment", "/project/SHOP/environment/production"],
  ["account", "/account"],
  ["none", "/project/SHOP/workflow/nowhere"],
];
const wanted = (name) => only.length === 0 || only.some((o) => name.startsWith(o));
if (only.length === 0) for (const old of await readdir(folder)) if (/\.(png|webp)$/.test(old)) await rm(`${folder}/${old}`);

async function take(name, path, before) {
  for (const [theme, width] of [["light", 1280], ["dark", 1280], ["light", 390], ["dark", 390]]) {
    const file = `${name}-${width < 600 ? "phone-" : ""}${theme}`;
    if (!wanted(file)) continue;
    await page.setViewportSize({ width, height: width < 600 ? 844 : 800 });
    await page.evaluate((t) => localStorage.setItem("cds.theme", t), theme);
    // From another document, so that nothing is left of the picture before.
    await page.goto("about:blank");
    await page.goto(cds.url + path);
    await page.waitForSelector("main h1, form, .empty-title");
    await page.waitForTimeout(900);
    await before?.();
    await page.waitForTimeout(250);
    const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: 70 });
    await writeFile(`${folder}/${file}.webp`, Buffer.from(data, "base64"));
    await page.goto(`${cds.url}/favicon.svg`);
  }
}
await take("login", "/");
await take("sign-up", "/signup");
await take("forgot-password", "/forgot-password");
await page.goto(cds.url);
await signIn(page);
for (const [name, path, before] of SCREENS) await take(name, path, before);
await chrome.close();
await cds.close();
