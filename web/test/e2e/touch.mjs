// A phone: reading, the reason of what can't be done, approving. Needs `npm run build` and the binaries.
import { strict as assert } from "node:assert";
import { browser } from "./browser.mjs";
import { server, signIn } from "./server.mjs";
import { accessible, finish, stepper } from "./steps.mjs";

const cds = await server();
const chrome = await browser({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });
const page = await chrome.context.newPage();
page.setDefaultTimeout(30_000);
const { step, state } = stepper(page);

await step("sign in", async () => {
  await cds.ctl("workflow", "run", "SHOP", "gated", "--track");
  await page.goto(cds.url);
  await signIn(page);
});

await step("a finger on what can't be done is told why", async () => {
  await page.goto(`${cds.url}/project/SHOP/workflow/gated/run/1`);
  const stop = page.getByRole("button", { name: "Stop", exact: true });
  await stop.waitFor();
  // Until one's permissions have arrived, that is the reason.
  await page.waitForFunction((button) => !/being read/.test(button.getAttribute("aria-description") ?? ""), await stop.elementHandle());
  const why = await stop.getAttribute("aria-description");
  assert.ok(why, "the run has ended, so it can't be stopped");
  // Playwright itself would wait until it can be done.
  await stop.tap({ force: true });
  await page.locator(".tip").getByText(why).waitFor();
});

await step("what waits for somebody is approved without scrolling", async () => {
  const approve = page.getByRole("button", { name: /Approve|Start ship/ }).first();
  await approve.waitFor();
  const box = await approve.boundingBox();
  assert.ok(box.y + box.height <= 844 && box.height >= 24, `the button is in view and large enough: ${JSON.stringify(box)}`);
  await approve.tap();
  await page.waitForFunction(() => /Succeeded/.test(document.title) || /Success/.test(document.body.innerText));
  await page.waitForFunction(async () => {
    const answer = await fetch("/v1/projects/SHOP/workflows/gated/runs/1", { headers: { authorization: `Bearer ${localStorage.getItem("cds.token") ?? sessionStorage.getItem("cds.token")}` } });
    const run = await answer.json();
    return run.node_runs.some((n) => n.node === "ship" && n.status === "Success");
  });
});

await step("lines are marked by a finger: a second number offers all between them", async () => {
  await page.goto(`${cds.url}/project/SHOP/workflow/gated/run/1/job/0`);
  const number = (n) => page.locator(`a.log-n[data-line="${n - 1}"]`);
  await number(3).tap();
  await page.waitForFunction(() => location.hash === "#L3");
  await number(1).tap();
  await page.waitForFunction(() => location.hash === "#L1");
  const all = page.getByRole("button", { name: "Mark lines 1–3" });
  assert.ok((await all.boundingBox()).height >= 36, "the button is large enough");
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0);
  await accessible(page, "marked lines");
  if (process.env.E2E_SHOTS) await page.screenshot({ path: `${process.env.E2E_SHOTS}/touch-lines.png` });
  await all.tap();
  await page.waitForFunction(() => location.hash === "#L1-3");
});

await step("nothing covers what has the keyboard, in windows of phones and where all is made larger", async () => {
  const gates = Array.from({ length: 8 }, (_, i) => `  gate-${i}: {pipeline: gates, depends_on: [first], when: [manual]}`);
  await cds.push("gates", ["  first: {pipeline: gates}", ...gates].join("\n"));
  await cds.run("gates");
  const narrow = await browser({ viewport: { width: 390, height: 700 } });
  const tab = await narrow.context.newPage();
  await tab.goto(cds.url);
  await signIn(tab);
  const pages = ["/project/SHOP/workflow/gates/run/1", "/project/SHOP/workflow/gated/run/1/job/0", "/project/SHOP", "/project/SHOP/workflow/gates?start=1", "/queue", "/account"];
  for (const [width, height] of [[390, 700], [320, 256]]) {
    await tab.setViewportSize({ width, height });
    for (const path of pages) {
      await tab.goto(cds.url + path);
      await tab.waitForFunction(() => document.querySelector("h1, [role=dialog] form") && !document.querySelector(".loading"));
      const seen = new Set();
      for (let i = 0; i < 45; i++) {
        await tab.keyboard.press(i < 40 ? "Tab" : "Shift+Tab");
        const at = await tab.evaluate(async () => {
          const e = document.activeElement;
          if (!e || e === document.body) return undefined;
          // The browser scrolls in its next drawing.
          await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
          const { x, y, width, height } = e.getBoundingClientRect();
          // What leads the keyboard round in a dialog is nothing to see.
          if (width <= 1) return undefined;
          const parts = [0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95];
          const hit = (a, b) => {
            const top = document.elementFromPoint(x + width * a, y + height * b);
            return top && (e.contains(top) || top.closest("label")?.contains(e));
          };
          return { name: `${e.getAttribute("aria-label") ?? e.innerText.slice(0, 40)} (${Math.round(y)} to ${Math.round(y + height)})`, seen: parts.some((a) => parts.some((b) => hit(a, b))) };
        });
        if (!at) continue;
        seen.add(at.name);
        assert.ok(at.seen, `${path} in ${width}x${height}: ${at.name} is covered`);
      }
      assert.ok(seen.size > 3, `${path}: ${[...seen].join()}`);
      assert.ok((await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0, path);
    }
    if (process.env.E2E_SHOTS) await tab.screenshot({ path: `${process.env.E2E_SHOTS}/touch-${width}.png` });
  }
  await narrow.close();
});

await finish(state, chrome, cds);
