// A phone: reading, the reason of what can't be done, approving. Needs `npm run build` and the binaries.
import { strict as assert } from "node:assert";
import { browser } from "./browser.mjs";
import { server, signIn } from "./server.mjs";
import { finish, stepper } from "./steps.mjs";

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

await finish(state, chrome, cds);
