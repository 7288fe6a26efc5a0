// Figures of the UI against the real server: `npm run bench`, LOG_MB=1000 for a log of a gigabyte.
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { browser } from "./browser.mjs";
import { PASSWORD, server } from "./server.mjs";

const megabytes = Number(process.env.LOG_MB ?? 200);
const cds = await server();
const chrome = await browser();
const page = await chrome.context.newPage();
page.setDefaultTimeout(60_000);
const results = {};
const note = (name, value) => {
  results[name] = value;
  console.log(`${name}: ${value}`);
};

const dist = new URL("../../dist/", import.meta.url);
const html = await readFile(new URL("index.html", dist), "utf8");
let first = 0;
for (const name of await readdir(new URL("assets/", dist))) {
  if (html.includes(name) && !name.endsWith(".br") && !name.endsWith(".gz")) first += (await stat(new URL(`assets/${name}.br`, dist))).size;
}
note("first page, kB compressed", Math.round(first / 1000));

const files = await mkdtemp(join(tmpdir(), "cds-bench-"));
const line = "a line of a long log that says little but is as long as lines of builds tend to be, about a hundred";
await writeFile(join(files, "big.pip.yml"), `version: v1.0\nname: big\njobs:\n- job: big\n  steps:\n  - name: print\n    script:\n    - yes '${line}' | head -c ${megabytes * 1_000_000} | nl\n`);
await writeFile(join(files, "big.yml"), "name: big\nversion: v2.0\nworkflow:\n  big: {pipeline: big}\n");
const nodes = Array.from({ length: 2000 }, (_, i) => `  n${i}: {pipeline: big${i ? `, depends_on: [n${Math.floor((i - 1) / 4)}]` : ""}}`);
await writeFile(join(files, "wide.yml"), `name: wide\nversion: v2.0\nworkflow:\n${nodes.join("\n")}\n`);
await cds.ctl("workflow", "push", "SHOP", join(files, "big.yml"), join(files, "big.pip.yml"), "--skip-update-files");
const printed = cds.ctl("workflow", "run", "SHOP", "big", "--track").catch((e) => console.log(e.message.slice(0, 300)));
await cds.ctl("workflow", "push", "SHOP", join(files, "wide.yml"), join(files, "big.pip.yml"), "--skip-update-files").catch((e) => console.log(e.message.slice(0, 300)));

await page.goto(cds.url);
await page.fill("input[name=username]", "admin");
await page.fill("input[name=password]", PASSWORD);
await page.click("button[type=submit]");
await page.waitForSelector(".shell");

await page.goto(`${cds.url}/project/SHOP/workflow/wide`);
await page.waitForSelector("summary");
note(
  "2,000 nodes laid out and drawn, ms",
  await page.evaluate(async () => {
    const began = performance.now();
    const details = document.querySelector("details");
    if (!details.open) details.open = true;
    while (!document.querySelector(".gnode")) await new Promise((r) => requestAnimationFrame(r));
    await new Promise((r) => requestAnimationFrame(r));
    return Math.round(performance.now() - began);
  }),
);
const box = await page.locator(".graph").boundingBox();
await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
await page.mouse.down();
const frames = page.evaluate(
  () =>
    new Promise((resolve) => {
      let n = 0;
      const began = performance.now();
      const tick = () => (performance.now() - began > 2000 ? resolve(Math.round(n / 2)) : (n++, requestAnimationFrame(tick)));
      requestAnimationFrame(tick);
    }),
);
for (let i = 0; i < 100; i++) {
  await page.mouse.move(box.x + box.width / 2 + Math.sin(i / 8) * 300, box.y + box.height / 2 + Math.cos(i / 8) * 100);
  await page.waitForTimeout(12);
}
await page.mouse.up();
note("frames a second while panning", await frames);

await printed;
await page.goto(`${cds.url}/`);
await page.waitForSelector(".run-row");
// Pages are read ahead.
await page.waitForTimeout(3000);
const log = await page.evaluate(async () => {
  history.pushState(null, "", "/project/SHOP/workflow/big/run/1/job/0");
  const began = performance.now();
  dispatchEvent(new Event("cds:navigate"));
  while (!/\w/.test(document.querySelector(".log-text")?.textContent ?? "") && performance.now() - began < 20_000) await new Promise((r) => setTimeout(r, 1));
  return Math.round(performance.now() - began);
});
note(`log of ${megabytes} MB opened, ms`, log);
await page.locator(".log-scroll").press("End");
await page.waitForTimeout(1500);
note("last line number shown", await page.locator(".log-n").last().innerText());
note("lines drawn", await page.locator(".log-line").count());
note("memory of the tab, MB", Math.round((await page.evaluate(() => performance.memory.usedJSHeapSize)) / 1e6));
await page.getByLabel("Search the whole log").fill("1000000");
const searched = Date.now();
await page.keyboard.press("Enter");
await page.waitForSelector("text=/ of |Not found/");
note("search over the whole log, ms", Date.now() - searched);

await chrome.close();
await cds.close();
await rm(files, { recursive: true, force: true });
