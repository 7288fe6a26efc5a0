// What a run shows of itself: gates, waits, what went wrong, its nodes; lists of runs; high contrast. In Chromium against
// the real server. Needs `npm run build` and the binaries.
import { strict as assert } from "node:assert";
import { browser } from "./browser.mjs";
import { server, signIn } from "./server.mjs";
import { accessible, finish, stepper } from "./steps.mjs";

const cds = await server();
await cds.ctl("workflow", "push", "SHOP", "stuck.yml", "stuck.pip.yml", "--skip-update-files");
await cds.ctl("workflow", "push", "SHOP", "alone.yml", "slow.pip.yml", "--skip-update-files");
const chrome = await browser();
const page = await chrome.context.newPage();
page.setDefaultTimeout(60_000);
const { step, state } = stepper(page);
const WIDE = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };
const run = (workflow, number) => `${cds.url}/project/SHOP/workflow/${workflow}/run/${number}`;
const start = (workflow, payload = {}) => cds.ctl("workflow", "run", "SHOP", workflow, "--data", JSON.stringify(payload));

/** Whether all of something is in the window, `below` pixels from its foot left out. */
async function inView(what, below = 0) {
  const box = await what.boundingBox();
  const { height } = page.viewportSize();
  assert.ok(box && box.y >= 0 && box.y + box.height <= height - below, `${JSON.stringify(box)} is not in ${height - below} px`);
}

await page.goto(cds.url);
await signIn(page);

await step("a gate: the run says that it waits for a person, in its title and icon too", async () => {
  await cds.ctl("workflow", "run", "SHOP", "gated", "--data", JSON.stringify({ "git.branch": "main", "git.message": "Ship it\nat last" }), "--track");
  await page.setViewportSize(WIDE);
  await page.goto(run("gated", 1));
  await page.locator(".facts", { hasText: "Waits for a person" }).waitFor();
  await page.locator(".facts", { hasText: "1 gate open" }).waitFor();
  await page.locator(".run-message", { hasText: /^Ship it$/ }).waitFor();
  assert.match(await page.title(), /^Waits for a person: gated #1/);
  assert.match(decodeURIComponent(await page.locator("#favicon").getAttribute("href")), /#b7791f/);
  await page.locator(".gnode.wait", { hasText: "Waits for a person" }).waitFor();
  await accessible(page, "a gate");
});

await step("who may not run the workflow reads why", async () => {
  const definition = /\/v1\/projects\/SHOP\/workflows\/gated$/;
  await page.route(definition, async (route) => route.fulfill({ json: { ...(await (await route.fetch()).json()), permission: 4 } }));
  await page.goto(run("gated", 1));
  await page.locator(".news", { hasText: "ask for the permission to run" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Approve and start ship" }).getAttribute("aria-disabled"), "true");
  await page.unroute(definition);
});

await step("on a phone a gate and its button are in view at the top of the run, and one tap opens it", async () => {
  await page.setViewportSize(PHONE);
  await page.goto(run("gated", 1));
  const approve = page.getByRole("button", { name: "Approve and start ship" });
  await page.locator('[aria-label="Approve and start ship"]:not([aria-disabled])').waitFor();
  await inView(approve, 70);
  await approve.click();
  await page.locator(".toast", { hasText: "ship is approved and starts" }).waitFor();
  await page.waitForFunction(() => document.title.startsWith("Succeeded"));
  assert.equal(await page.locator(".news").count(), 0);
});

await step("a run of which nothing runs waits, and says for what and since when", async () => {
  await start("stuck");
  await page.setViewportSize(WIDE);
  await page.goto(run("stuck", 1));
  await page.locator(".facts", { hasText: "Waiting" }).waitFor();
  assert.match(await page.locator(".news").innerText(), /train[^]*waits for \d+[^]*nvidia-smi/);
  assert.match(await page.title(), /^Waiting: stuck/);
  await inView(page.locator(".news"));
  await accessible(page, "a run that waits");
});

await step("a mutex: the run that holds it is a link", async () => {
  await start("alone");
  await page.goto(run("alone", 1));
  await page.waitForFunction(() => document.title.startsWith("Running"));
  await start("alone");
  await page.goto(run("alone", 2));
  await page.locator(".facts", { hasText: "Waiting" }).waitFor();
  await page.locator(".news").getByRole("link", { name: "run #1" }).click();
  await page.waitForURL(/\/alone\/run\/1$/);
  await cds.ctl("workflow", "stop", "SHOP", "alone", "1");
  await cds.ctl("workflow", "stop", "SHOP", "alone", "2");
});

await step("a failed run begins with what went wrong; a node that is clicked shows at once", async () => {
  await cds.ctl("workflow", "run", "SHOP", "release", "--data", JSON.stringify({ "git.branch": "feature/x", "git.author": "ada", "git.hash": "4f2a9c1d7e0b4f2a9c1d7e0b4f2a9c1d7e0b4f2a", "git.message": "Discounts before tax" }), "--track").catch(() => undefined);
  await page.setViewportSize(WIDE);
  await page.goto(run("release", 1));
  await page.locator(".went-wrong li", { hasText: "exit status 3" }).waitFor();
  await inView(page.locator(".went-wrong-head").first());
  assert.equal(await page.getByRole("tab", { selected: true }).innerText().then((t) => t.split("\n")[0]), "What went wrong");
  await page.locator(".gnode", { hasText: "build" }).first().click();
  await page.locator(".node-name", { hasText: /^build$/ }).waitFor();
  await inView(page.locator(".node-head"));
  await inView(page.locator(".stage h3").first());
  await page.getByRole("tab", { name: /What went wrong/ }).click();
  await page.locator(".went-wrong").waitFor();
  // In a low window the page moves so that it shows.
  await page.setViewportSize({ width: 1366, height: 600 });
  await page.evaluate(() => scrollTo(0, 0));
  await page.locator(".gnode", { hasText: "unit" }).first().click();
  await page.locator(".node-name", { hasText: /^unit$/ }).waitFor();
  await page.waitForTimeout(800);
  await inView(page.locator(".node-head"));
  await inView(page.locator(".stage h3").first());
});

await step("on a phone the tabs do not depend on names, and names in the graph can be read", async () => {
  await page.setViewportSize(PHONE);
  await page.goto(run("release", 1));
  await page.getByRole("tab", { name: /What went wrong/ }).waitFor();
  for (const name of [/What went wrong/, /Jobs/]) {
    const box = await page.getByRole("tab", { name }).boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= PHONE.width, `${name} ${JSON.stringify(box)}`);
  }
  const size = await page.locator(".gnode-name").first().evaluate((e) => (parseFloat(getComputedStyle(e).fontSize) * e.getBoundingClientRect().width) / e.offsetWidth);
  assert.ok(size >= 11, `names are ${size} px`);
});

await step("what machines print stands in their letters, in boxes as wide as their place", async () => {
  await page.setViewportSize(WIDE);
  await page.goto(run("release", 1));
  const log = page.locator(".went-wrong-log").first();
  await log.waitFor();
  const [family, display, width, outer] = await log.evaluate((e) => [getComputedStyle(e).fontFamily, getComputedStyle(e).display, e.clientWidth, e.parentElement.clientWidth]);
  assert.match(family, /monospace/);
  assert.equal(display, "block");
  assert.ok(outer - width < 4, `${width} of ${outer} px`);
});

await finish(state, chrome, cds);
