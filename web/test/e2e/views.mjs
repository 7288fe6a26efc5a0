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
  await page.waitForFunction(() => document.title.startsWith("Waits for a person: gated #1") && decodeURIComponent(document.querySelector("#favicon").getAttribute("href")).includes("#b7791f"));
  await page.locator(".gnode.wait", { hasText: "Waits for a person" }).waitFor();
  await accessible(page, "a gate");
});

await step("who may not run the workflow reads why", async () => {
  const definition = /\/v1\/projects\/SHOP\/workflows\/gated$/;
  await page.route(definition, async (route) => route.fulfill({ json: { ...(await (await route.fetch()).json()), permission: 4 } }));
  await page.goto(run("gated", 1));
  await page.locator(".news", { hasText: "ask for the permission to run" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Approve and start ship" }).getAttribute("aria-disabled"), "true");
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

await step("a link to the form for a run opens nothing for who may not run", async () => {
  const definition = /\/v1\/projects\/SHOP\/workflows\/gated$/;
  await page.route(definition, async (route) => route.fulfill({ json: { ...(await (await route.fetch()).json()), permission: 4 } }));
  await page.goto(`${cds.url}/project/SHOP/workflow/gated?start=1`);
  await page.locator('button[aria-disabled]', { hasText: "Start a run" }).waitFor();
  assert.equal(await page.getByRole("dialog").count(), 0);
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

await step("in a low window the button of the form is in view, and the fields behind it come before it", async () => {
  await page.setViewportSize({ width: 1366, height: 420 });
  await page.goto(`${cds.url}/project/SHOP/workflow/release?start=1`);
  const start = page.getByRole("dialog").getByRole("button", { name: "Start", exact: true });
  await start.waitFor();
  await inView(start);
  const last = page.getByLabel("deploy");
  await last.focus();
  const [field, foot] = [await last.boundingBox(), await page.locator(".dialog-foot").boundingBox()];
  assert.ok(field.y + field.height <= foot.y, JSON.stringify([field, foot]));
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
  await page.locator(".news").waitFor({ state: "detached" });
});

await step("a run of which nothing runs waits, and says for what and since when", async () => {
  await start("stuck");
  await page.setViewportSize(WIDE);
  await page.goto(run("stuck", 1));
  await page.locator(".facts", { hasText: "Waiting" }).waitFor();
  await page.locator(".news", { hasText: /train[^]*waits for \d+[^]*nvidia-smi/ }).waitFor();
  await page.waitForFunction(() => document.title.startsWith("Waiting: stuck"));
  await inView(page.locator(".news"));
  await accessible(page, "a run that waits");
  // The page of its job has what the queue says now, and not what the run knew when it was read.
  const queue = /\/v1\/queue$/;
  await page.route(queue, async (route) => route.fulfill({ json: (await (await route.fetch()).json()).map((j) => ({ ...j, reason: { code: "all_busy", text: "position 7 now" } })) }));
  await page.goto(`${run("stuck", 1)}/job/0`);
  await page.getByText("position 7 now").first().waitFor();
  await page.unrouteAll({ behavior: "ignoreErrors" });
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

await step("a row of a list has its branch whole, a short hash, its message and who; also on a phone", async () => {
  for (const size of [WIDE, PHONE]) {
    await page.setViewportSize(size);
    await page.goto(`${cds.url}/project/SHOP/workflow/release`);
    const row = page.locator(".run-row").first();
    await row.locator(".chip.branch").waitFor();
    const [shown, whole] = await row.locator(".chip.branch").evaluate((e) => [e.clientWidth, e.scrollWidth]);
    assert.ok(shown >= whole, `the branch has ${shown} of ${whole} px`);
    await inView(row.locator(".chip.branch"));
    assert.equal(await row.locator(".run-hash").innerText(), "4f2a9c1d");
    assert.match(await row.innerText(), /Failed · .*ada/);
  }
});

await step("a project says of each workflow how its last run ended, and what that was made of", async () => {
  for (const size of [WIDE, PHONE]) {
    await page.setViewportSize(size);
    await page.goto(`${cds.url}/project/SHOP`);
    const row = page.locator(".run-row", { hasText: "Build, test and ship" });
    await row.getByText(/^(Failed|Running) #1$/).waitFor();
    await inView(row.locator(".chip.branch"));
    assert.match(await row.innerText(), /4f2a9c1d\s+ada/);
  }
});

await step("runs of all projects by tag; filters have the words of the pages", async () => {
  await page.setViewportSize(WIDE);
  await page.goto(cds.url);
  await page.locator(".run-row").first().waitFor();
  const tag = page.getByRole("combobox", { name: "Tag" });
  await tag.fill("version:1.4.2");
  await tag.press("Enter");
  await page.waitForURL(/tag=version/);
  await page.waitForFunction(() => [...document.querySelectorAll(".run-name strong")].every((e) => e.textContent.startsWith("release")));
  await page.goto(`${cds.url}/project/SHOP/workflow/release`);
  await page.getByRole("combobox", { name: "Status" }).click();
  assert.deepEqual(await page.getByRole("option").allInnerTexts(), ["Any", "Running", "Waiting", "Waits for a person", "Failed", "Succeeded", "Stopped"]);
  await page.keyboard.press("Escape");
});

await step("twenty thousand tests: only those in view are in the page, and the last one is a scroll away", async () => {
  const tests = /\/runs\/1\/tests$/;
  const cases = Array.from({ length: 20_000 }, (_, i) => ({ name: `case ${i}`, classname: "", status: i === 7 ? "failed" : "ok", time: "0.01", message: i === 7 ? "expected 90, got 100" : "", system_out: "", system_err: "" }));
  await page.route(tests, (route) => route.fulfill({ json: { total: 20_000, ok: 19_999, ko: 1, skipped: 0, suites: { unit: [{ name: "cart", cases }] } } }));
  await page.goto(`${run("release", 1)}?tab=tests`);
  await page.locator(".test-sum").getByRole("button", { name: "Show all" }).click();
  await page.getByText("case 3", { exact: true }).waitFor();
  assert.ok((await page.locator(".test").count()) < 150, "all tests are in the page");
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await page.getByText("case 19999", { exact: true }).waitFor();
  await accessible(page, "tests");
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

await step("like jobs: a sign that they open, and their status", async () => {
  const one = new RegExp("/v1/projects/SHOP/workflows/gated/runs/1(\\?|$)");
  await page.route(one, async (route) => {
    const whole = await (await route.fetch()).json();
    const [stage] = whole.node_runs[0].stages;
    stage.jobs = Array.from({ length: 100 }, (_, i) => ({ ...stage.jobs[0], id: `${whole.id}.${i}`, name: `shard-${i}` }));
    await route.fulfill({ json: whole });
  });
  await page.goto(`${run("gated", 1)}?node=check`);
  const group = page.locator(".job-group > summary");
  await group.locator(".status-icon.good").waitFor();
  assert.notEqual(await group.evaluate((e) => getComputedStyle(e, "::before").borderTopWidth), "0px");
  assert.ok((await page.locator(".job-group .job").count()) === 0);
  await group.click();
  await page.locator(".job-group .job").nth(99).waitFor();
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

await step("news cover no button of a node", async () => {
  await page.goto(`${run("release", 1)}?node=build`);
  await page.locator('.node-head button:not([aria-disabled])', { hasText: "Restart node" }).click();
  const toast = page.locator(".toast", { hasText: "build runs again" });
  await toast.waitFor();
  const [a, b] = [await toast.boundingBox(), await page.locator(".node-head").boundingBox()];
  assert.ok(a.y + a.height <= b.y || a.y >= b.y + b.height, JSON.stringify([a, b]));
});

await step("high contrast: what is chosen, pressed or out of order can be told apart", async () => {
  await page.emulateMedia({ forcedColors: "active" });
  await page.goto(`${run("release", 1)}?node=unit`);
  await page.locator(".gnode.selected").waitFor();
  const highlight = await page.evaluate(() => {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.cssText = "forced-color-adjust: none; background: Highlight";
    const { backgroundColor } = getComputedStyle(probe);
    probe.remove();
    return backgroundColor;
  });
  const style = (selector, name) => page.locator(selector).first().evaluate((e, n) => getComputedStyle(e)[n], name);
  const differs = async (a, b, name) => assert.notEqual(await style(a, name), await style(b, name), `${a} and ${b} have the same ${name}`);
  await differs('[role="tab"][aria-selected="true"]', '[role="tab"][aria-selected="false"]', "borderBottomColor");
  await differs(".gnode.selected", ".gnode:not(.selected)", "outlineStyle");
  assert.equal(await style(".sidebar nav a[aria-current]", "backgroundColor"), highlight);
  await differs(".gnode-bar .good", ".gnode", "backgroundColor");
  await page.locator(".actions button[aria-disabled]").first().waitFor();
  await differs(".actions button[aria-disabled]", ".actions button:not([aria-disabled])", "color");
  await page.goto(cds.url);
  await page.locator(".segments button").first().waitFor();
  assert.equal(await style('.segments button[aria-pressed="true"]', "backgroundColor"), highlight);
  await page.emulateMedia({ forcedColors: "none" });
});

await step("a phone has the theme at hand", async () => {
  await page.setViewportSize(PHONE);
  await page.goto(cds.url);
  await page.getByRole("combobox", { name: "Theme" }).click();
  await page.getByRole("option", { name: "Dark" }).click();
  await page.waitForFunction(() => document.documentElement.dataset.theme === "dark");
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0);
});

await page.setViewportSize(WIDE);
await step("what becomes of a run and of a job is said aloud once, and steps say how they went", async () => {
  await cds.push("aloud", "  first: {pipeline: aloud}\n  gate: {pipeline: aloud, depends_on: [first], when: [manual]}", "jobs:\n- job: say\n  steps: [{name: slow, script: ['sleep 6']}]\n");
  /** All that the live region of the page has said. */
  const listen = (tab) => tab.evaluate(() => {
    window.said = [];
    const region = document.querySelector("p.sr[role=status]");
    new MutationObserver(() => window.said.push(region.textContent)).observe(region, { childList: true, characterData: true, subtree: true });
  });
  await start("aloud");
  await page.goto(run("aloud", 1));
  await page.locator(".steps .step .status-icon.busy").waitFor();
  await listen(page);
  const tab = await chrome.context.newPage();
  await tab.goto(`${run("aloud", 1)}/job/0`);
  await tab.locator(".log-head").waitFor();
  await listen(tab);
  await page.waitForFunction(() => document.title.startsWith("Waits for a person"));
  await page.waitForFunction(() => window.said.at(-1) === "aloud #1: gate waits for a person");
  await tab.waitForFunction(() => window.said.at(-1) === "say succeeded");
  for (const of of [page, tab]) assert.ok((await of.evaluate(() => window.said)).every((text, i, all) => i === 0 || text !== all[i - 1]), "said once");
  await tab.getByRole("link", { name: /^say Succeeded/ }).waitFor();
  await tab.getByRole("button", { name: /^slow Succeeded/ }).waitFor();
  await page.goto(`${run("aloud", 1)}?node=first`);
  await page.getByRole("link", { name: /^slow Succeeded/ }).waitFor();
  await tab.close();
});

await step("the way back leads to the workflows of a project as they were filtered and sorted", async () => {
  await page.goto(`${cds.url}/project/SHOP`);
  await page.getByLabel("Filter workflows").fill("alo");
  await page.getByLabel("Order").click();
  await page.getByRole("option", { name: "Name" }).click();
  await page.waitForFunction(() => /word=alo\b/.test(location.search) && /order=name/.test(location.search));
  await page.locator(".run-row", { hasText: "aloud" }).click();
  await page.locator("h1", { hasText: "aloud" }).waitFor();
  await page.goBack();
  await page.locator(".run-row", { hasText: "aloud" }).waitFor();
  assert.equal(await page.getByLabel("Filter workflows").inputValue(), "alo");
  assert.deepEqual(await page.locator(".run-row strong").allInnerTexts(), ["alone", "aloud"]);
});

await finish(state, chrome, cds);
