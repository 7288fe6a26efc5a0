// Many tabs of one browser, which has six connections for all of them. Needs `npm run build` and the binaries.
import { strict as assert } from "node:assert";
import { browser } from "./browser.mjs";
import { signIn, server } from "./server.mjs";
import { finish, stepper } from "./steps.mjs";

const cds = await server();
await cds.ctl("workflow", "push", "SHOP", "stuck.yml", "stuck.pip.yml", "--skip-update-files");
await cds.ctl("workflow", "push", "SHOP", "alone.yml", "slow.pip.yml", "--skip-update-files");
const chrome = await browser();
const streams = new Set();
chrome.context.on("request", (r) => /\/v1\/events|\/follow\?/.test(r.url()) && streams.add(r));
for (const end of ["requestfailed", "requestfinished"]) chrome.context.on(end, (r) => streams.delete(r));
const open = (what) => [...streams].filter((r) => r.url().includes(what) && !r.frame().page().isClosed()).length;
/** What a tab tells the others is there before its request is over, or the next tab's has begun. */
async function becomes(count, what, why = `${count} of ${what}`) {
  const deadline = Date.now() + 30_000;
  while (open(what) !== count) {
    assert.ok(Date.now() < deadline, `${why}: there are ${open(what)}`);
    await new Promise((r) => setTimeout(r, 100));
  }
}
const page = await chrome.context.newPage();
page.setDefaultTimeout(30_000);
const { step, state } = stepper(page);
const RUN = "/project/SHOP/workflow/alone/run/1";
const tabs = [];

/** A tab that says whether somebody looks at it: this browser shows all its pages at once. */
async function tab(path) {
  const tab = await chrome.context.newPage();
  tab.setDefaultTimeout(30_000);
  await tab.addInitScript(() => {
    let hidden = false;
    Object.defineProperty(document, "hidden", { get: () => hidden });
    window.look = (at) => {
      hidden = !at;
      document.dispatchEvent(new Event("visibilitychange"));
    };
  });
  await tab.goto(cds.url + path);
  await tab.locator(".live.live").waitFor();
  tabs.push(tab);
  return tab;
}

await step("sign in, a run that prints for minutes", async () => {
  await page.goto(cds.url);
  await signIn(page);
  await cds.ctl("workflow", "run", "SHOP", "alone");
});

await step("ten tabs share one stream of events", async () => {
  for (let n = 0; n < 10; n++) await tab(n % 2 ? "/queue" : RUN);
  await becomes(1, "/v1/events");
  const started = Date.now();
  await cds.ctl("workflow", "run", "SHOP", "stuck");
  for (const t of tabs.filter((_, n) => n % 2)) await t.getByText("stuck #1").first().waitFor();
  console.log(`     all of them show a new run ${Date.now() - started} ms after it was asked for`);
});

await step("the next one takes over when the tab with the stream is closed, and nothing is missed", async () => {
  const closed = page.close();
  await cds.ctl("workflow", "run", "SHOP", "stuck");
  await closed;
  for (const t of tabs.filter((_, n) => n % 2)) await t.getByText("stuck #2").first().waitFor();
  await becomes(1, "/v1/events");
  await cds.stop();
  for (const t of tabs) await t.locator(".live.cut").waitFor();
  await cds.start();
  for (const t of tabs) await t.locator(".live.live").waitFor();
  await becomes(1, "/v1/events");
});

const last = (t) => t.evaluate(() => Number(/line (\d+) of/.exec([...document.querySelectorAll(".log-text")].at(-1)?.textContent ?? "")?.[1] ?? 0));

await step("logs that nobody looks at give their connections back and go on where they were", async () => {
  for (const t of tabs.splice(0)) await t.close();
  for (let n = 0; n < 8; n++) {
    const t = await tab(`${RUN}/job/0?step=0`);
    await t.waitForFunction(() => /line \d+ of/.test(document.body.innerText));
    // One looks at one tab at a time.
    await t.evaluate(() => window.look(false));
  }
  await becomes(0, "/follow?", "no log is followed that nobody looks at");
  await becomes(1, "/v1/events", "but what happens is heard of: the title shows it");
  const back = tabs[3];
  const before = await last(back);
  await back.evaluate(() => window.look(true));
  await back.waitForFunction((n) => document.body.innerText.includes(`line ${n + 20} of`), before);
  const numbers = await back.evaluate(() => [...document.querySelectorAll(".log-text")].map((e) => Number(/line (\d+) of/.exec(e.textContent)?.[1])).filter(Boolean));
  numbers.forEach((n, i) => assert.equal(n, numbers[0] + i, "no gap, no double"));
});

await finish(state, chrome, cds);
