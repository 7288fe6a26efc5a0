// What a page says is so: values of a form, what is gone, what waits, what an address names. In Chromium against the real
// server. Needs `npm run build` and the binaries.
import { strict as assert } from "node:assert";
import { browser } from "./browser.mjs";
import { PASSWORD, server, signIn } from "./server.mjs";
import { accessible, finish, stepper } from "./steps.mjs";

const cds = await server({ CDS_SERVER__DEFAULT_GROUP: "everybody" });
const chrome = await browser();
const page = await chrome.context.newPage();
page.setDefaultTimeout(30_000);
const { step, state } = stepper(page);
const shot = (name) => process.env.E2E_SHOTS && page.screenshot({ path: `${process.env.E2E_SHOTS}/honest-${name}.png` });
const at = (path) => `${cds.url}/project/SHOP/workflow/${path}`;

const { push } = cds;
await push("knobs", '  only: {pipeline: knobs, parameters: {flavour: debug, count: "7", fast: "true"}}\n  gate: {pipeline: knobs, depends_on: [only], when: [manual], parameters: {count: "9"}}', `parameters:
  flavour: {type: list, default: "release;debug;other", description: What for}
  count: {type: number, default: "1"}
  fast: {type: boolean, default: "false"}
  note: {type: string, default: pipeline}
jobs:
- job: say
  steps: [{script: [echo said]}]
`);
await push("half", "  only: {pipeline: half}", "jobs:\n- job: quick\n  steps: [{script: [echo done]}]\n- job: gpu\n  requirements: [{binary: nvidia-smi}]\n  steps: [{script: [nvidia-smi]}]\n");
await push("naps", "  only: {pipeline: naps}", "jobs:\n- job: nap\n  steps: [{script: [sleep 600]}]\n");
await push("flaky", "  only: {pipeline: flaky}", "jobs:\n- job: good\n  steps: [{script: [echo well]}]\n- job: bad\n  steps: [{script: [exit 3]}]\n");

await page.goto(cds.url);
await signIn(page);
const dialog = page.getByRole("dialog");

/** Starts what the form holds, and gives what was sent and which parameters the run got. */
async function started() {
  const [sent, answer] = await Promise.all([
    page.waitForRequest((r) => r.method() === "POST" && /\/runs$/.test(r.url())),
    page.waitForResponse((r) => r.request().method() === "POST" && /\/runs$/.test(r.url())),
    dialog.getByRole("button", { name: "Start", exact: true }).click(),
  ]);
  const { node_runs } = await answer.json();
  const got = Object.fromEntries(node_runs.at(-1).parameters.filter((p) => p.name.startsWith("cds.pip.")).map((p) => [p.name.slice(8), p.value]));
  return { sent: sent.postDataJSON().parameters, got };
}
const shown = async () => ({ flavour: await dialog.getByRole("combobox", { name: "flavour" }).innerText(), count: await dialog.getByLabel("count", { exact: true }).inputValue(), fast: await dialog.getByRole("combobox", { name: "fast" }).innerText(), note: await dialog.getByLabel("note", { exact: true }).inputValue() });

await step("the form shows what the node sets, and what it shows is what runs", async () => {
  await page.goto(at("knobs?start=1"));
  await dialog.getByText("Parameters of knobs").waitFor();
  const form = await shown();
  assert.deepEqual(form, { flavour: "debug", count: "7", fast: "true", note: "pipeline" });
  await accessible(page, "a form whose node sets parameters");
  await shot("form");
  const { sent, got } = await started();
  assert.deepEqual(sent, {});
  assert.deepEqual(got, form);
});

await step("the pipeline's defaults can be had again, chosen or taken", async () => {
  await page.goto(at("knobs?start=1"));
  await dialog.getByRole("combobox", { name: "flavour" }).click();
  await page.getByRole("option", { name: "release" }).click();
  await dialog.getByRole("button", { name: "Take the default of count" }).click();
  const form = await shown();
  assert.deepEqual(form, { flavour: "release", count: "1", fast: "true", note: "pipeline" });
  const { sent, got } = await started();
  assert.deepEqual(sent, { flavour: "release", count: "1" });
  assert.deepEqual(got, form);
});

await step("a node that was never run is started with its own values", async () => {
  await page.goto(at("knobs/run/1?node=gate"));
  await page.locator('.node-head button:not([aria-disabled])', { hasText: "With…" }).click();
  await dialog.getByText("Parameters of knobs").waitFor();
  assert.equal((await shown()).count, "9");
  const { sent, got } = await started();
  assert.deepEqual(sent, {});
  assert.equal(got.count, "9");
});

await step("what waits is called so by its node, stage, panel, list and palette", async () => {
  await cds.ctl("workflow", "run", "SHOP", "half");
  await page.goto(at("half/run/1?node=only"));
  await page.waitForFunction(() => document.title.startsWith("Waiting"));
  await page.getByRole("button", { name: /^Waiting: pipeline only/ }).waitFor();
  await page.locator(".gnode.wait").waitFor();
  await page.locator(".node-head .badge", { hasText: "Waiting" }).waitFor();
  await page.locator(".stage h3 .status-icon.wait").waitFor();
  await shot("waits");
  await page.goto(cds.url);
  await page.locator(".run-row", { hasText: "half" }).getByText("Waiting").waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("half");
  await page.locator("[role=option]", { hasText: /^run\s*half\s*#1\s*Waiting/ }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Waiting", exact: true }).click();
  await page.waitForURL(/status=Waiting/);
  await page.locator(".run-row", { hasText: "half" }).getByText("Waiting").waitFor();
  await page.getByRole("button", { name: "Running", exact: true }).click();
  await page.waitForURL(/status=Building/);
  await page.locator(".run-row", { hasText: "half" }).waitFor({ state: "detached" });
});

await step("a long name leaves the number and the status of its run in view, and a long key the form in its box", async () => {
  const long = `n${"ever-ending-".repeat(9)}name`;
  const key = "k".repeat(3000);
  await push(long, `  only: {pipeline: ${long}, payload: {${key}: value}}`, "jobs:\n- job: quick\n  steps: [{script: [echo done]}]\n");
  await cds.ctl("workflow", "run", "SHOP", long, "--track");
  for (const width of [1360, 390, 320]) {
    await page.setViewportSize({ width, height: 844 });
    await page.goto(cds.url);
    await page.locator(".run-row").first().waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("ever ending");
    const option = page.locator("[role=option]", { hasText: "#1" });
    await option.waitFor();
    const [box, mark, note] = await Promise.all([option.boundingBox(), option.locator(".palette-mark").boundingBox(), option.locator(".muted").boundingBox()]);
    for (const part of [mark, note]) assert.ok(part.x >= box.x && part.x + part.width <= box.x + box.width && part.y + part.height <= box.y + box.height, JSON.stringify([width, box, part]));
    assert.ok(note.width >= 80, `the note has ${note.width} px of ${width}`);
    await accessible(page, `palette ${width}`);
    await shot(`palette-${width}`);
    await page.goto(at(`${long}?start=1`));
    await dialog.getByRole("button", { name: "Start", exact: true }).waitFor();
    assert.ok((await dialog.evaluate((e) => e.scrollWidth - e.clientWidth)) <= 0, `the form is too wide for ${width}`);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0);
  }
  await page.setViewportSize({ width: 1360, height: 860 });
});

await step("tests, changes and the account are in the order of their headings", async () => {
  await page.goto(`${cds.url}/account`);
  await page.locator("table").waitFor();
  await accessible(page, "account");
  await cds.ctl("workflow", "run", "SHOP", "release", "--data", '{"git.branch":"main"}', "--track").catch(() => undefined);
  await cds.ctl("workflow", "run", "SHOP", "release", "--data", '{"git.branch":"other"}', "--track").catch(() => undefined);
  await page.goto(at("release/run/2?tab=tests"));
  await page.locator(".suite").waitFor();
  await accessible(page, "tests");
  await shot("tests");
  await page.goto(at("release/run/2?tab=changes"));
  await page.locator(".changes-head").first().waitFor();
  await accessible(page, "changes");
  await shot("changes");
});

await step("a row of a project's list starts its workflow, or says why not", async () => {
  await page.goto(`${cds.url}/project/SHOP`);
  await page.getByRole("button", { name: "Start knobs" }).click();
  await dialog.getByRole("button", { name: "Start", exact: true }).waitFor();
  const list = /\/v1\/projects\/SHOP\/workflows$/;
  await page.route(list, async (route) => route.fulfill({ json: (await (await route.fetch()).json()).map((w) => ({ ...w, permission: 4 })) }));
  await page.goto(`${cds.url}/project/SHOP`);
  const button = page.getByRole("button", { name: "Start knobs" });
  assert.match(await button.getAttribute("aria-description"), /ask for the permission to run/);
  await accessible(page, "a project");
  await shot("project");
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

await step("what happened is told once, with its day, however often failed jobs run again", async () => {
  await cds.ctl("workflow", "run", "SHOP", "flaky", "--track").catch(() => undefined);
  for (let i = 1; i < 3; i++) {
    await page.goto(at("flaky/run/1?node=only"));
    await page.locator('.node-head button:not([aria-disabled])', { hasText: "Restart failed jobs" }).click();
    await page.waitForFunction((n) => document.title.startsWith("Failed") && document.querySelector(".gnode-again")?.textContent === `×${n}`, i + 1);
  }
  await page.goto(at("flaky/run/1?tab=infos"));
  await page.locator(".infos li").first().waitFor();
  const told = await page.locator(".infos li > span").allInnerTexts();
  assert.equal(told.filter((t) => t.startsWith("only › good: ") && t.includes("queued")).length, 1, told.join("\n"));
  for (const name of ["only", "only 1.1", "only 1.2"]) assert.equal(told.filter((t) => t.startsWith(`${name} › bad: `) && t.includes("queued")).length, 1, told.join("\n"));
  assert.match(await page.locator(".infos time").first().innerText(), /\d.*\d\d:\d\d:\d\d/);
  await shot("happened");
});

await step("the page of a job says that it runs again in a newer execution, by itself, and leads there", async () => {
  await page.goto(at("flaky/run/1"));
  const ids = await page.evaluate(async () => {
    const answer = await fetch("/v1/projects/SHOP/workflows/flaky/runs/1", { headers: { authorization: `Bearer ${localStorage.getItem("cds.token")}` } });
    return (await answer.json()).node_runs.map((n) => n.stages[0].jobs.find((j) => j.name === "bad").id.split(".").at(-1));
  });
  // The newest says nothing, until there is a newer one.
  const tab = await chrome.context.newPage();
  await tab.goto(at(`flaky/run/1/job/${ids.at(-1)}`));
  await tab.locator(".log-text").first().waitFor();
  assert.equal(await tab.locator(".job-again").count(), 0);
  await tab.locator(".facts", { hasText: "execution 1.2" }).waitFor();
  await page.goto(at("flaky/run/1?node=only"));
  await page.locator('.node-head button:not([aria-disabled])', { hasText: "Restart failed jobs" }).click();
  await tab.getByText("This is execution 1.2; the job ran again (Failed) in 1.3.").waitFor();
  assert.match(await tab.title(), /^Failed: bad · flaky #1\.2/);
  await accessible(tab, "a job that ran again");
  if (process.env.E2E_SHOTS) await tab.screenshot({ path: `${process.env.E2E_SHOTS}/honest-again.png` });
  await tab.locator(".job-again").getByRole("link", { name: "1.3" }).click();
  await tab.locator(".facts", { hasText: "execution 1.3" }).waitFor();
  assert.equal(await tab.locator(".job-again").count(), 0);
  // An old link, and a job that went well: it was kept, and stands beside the newest ones.
  await tab.goto(at(`flaky/run/1/job/${ids[0]}`));
  await tab.getByText("This is execution 1.0; the job ran again (Failed) in 1.3.").waitFor();
  await tab.goto(at("flaky/run/1/job/0"));
  await tab.locator(".facts", { hasText: "execution 1.3" }).waitFor();
  await tab.close();
});

await step("an earlier attempt has its own status, time and worker in the head of its page", async () => {
  const run = /\/runs\/1\?parameters=false/;
  await page.route(run, async (route) => {
    const answer = await (await route.fetch()).json();
    const job = answer.node_runs[0].stages[0].jobs[0];
    const [last] = job.attempts;
    job.attempts = [{ ...last, status: "Stopped", worker: "lost-worker", start: "2026-01-01T00:00:00Z", done: "2026-01-01T00:03:05Z" }, { ...last, attempt: 2 }];
    await route.fulfill({ json: { ...answer, node_runs: answer.node_runs.slice(0, 1) } });
  });
  await page.goto(at("flaky/run/1/job/0?attempt=1"));
  const facts = page.locator(".facts");
  for (const fact of ["Stopped", "3m 05s", "on lost-worker"]) await facts.getByText(fact).waitFor();
  assert.match(await page.title(), /^Stopped/);
  await page.locator(".job-again").getByRole("link", { name: "the last one: Succeeded" }).click();
  await facts.getByText("Succeeded").waitFor();
  assert.equal(await facts.getByText("lost-worker").count(), 0);
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

await step("an address that names what is not there says so", async () => {
  await page.goto(at("flaky/run/1/node/999999"));
  await page.getByText("names execution 999999").waitFor();
  await page.goto(at("flaky/run/1/node/0"));
  await page.locator(".node-name", { hasText: "only" }).waitFor();
  assert.equal(await page.locator(".off-address").count(), 0);
  await page.goto(at("flaky/run/1/job/0?step=9#L1"));
  await page.getByText("names step 9").waitFor();
  await page.goto(at("flaky/run/1/job/0?step=0#L99999999"));
  await page.getByText("names line 99,999,999").waitFor();
  await accessible(page, "a line that is not there");
  await shot("line");
});

await step("a page that can't be read has its own title and heading, and ways on", async () => {
  for (const [path, title, way] of [["/nowhere", "No such page", "Go to the last runs"], ["/project/SHOP/workflow/none", "Not found: none", "SHOP"], ["/project/SHOP/workflow/flaky/run/77", "Not found: flaky #77", "flaky"], ["/project/SHOP/workflow/flaky/run/77/job/0", "Not found: flaky #77", "Projects"], ["/project/SHOP/workflow/flaky/run/1/job/99", "No such job · flaky #1", "Back to the run"]]) {
    await page.goto(cds.url + path);
    await page.locator("main h1").waitFor();
    await page.waitForFunction((t) => document.title === `${t} · CDS`, title);
    await page.locator("main").getByRole("link", { name: way, exact: true }).first().waitFor();
    assert.equal(await page.locator("h1").count(), 1);
  }
  await shot("missing");
});

await step("a run whose workflow is deleted while it is looked at does not go on, nor does its job", async () => {
  await cds.ctl("workflow", "run", "SHOP", "naps");
  await page.goto(at("naps/run/1"));
  await page.waitForFunction(() => document.title.startsWith("Running"));
  const job = await chrome.context.newPage();
  await job.goto(at("naps/run/1/job/0"));
  await job.waitForFunction(() => document.title.startsWith("Running"));
  const workflow = await chrome.context.newPage();
  await workflow.goto(at("naps"));
  await workflow.getByRole("button", { name: "Start a run" }).waitFor();
  await cds.ctl("workflow", "delete", "SHOP", "naps", "--force");
  for (const tab of [page, job]) {
    await tab.getByText("This run was deleted, or you may not see it any more").waitFor();
    await tab.waitForFunction(() => document.title === "Gone: naps #1 · CDS" && document.querySelector("#favicon").getAttribute("href") === "/favicon.svg");
    assert.equal(await tab.locator("main .actions button").count(), 0);
    await tab.getByRole("link", { name: "SHOP", exact: true }).waitFor();
  }
  await workflow.getByText("This workflow was deleted, or you may not see it any more").waitFor();
  await accessible(page, "a run that is gone");
  await shot("gone");
  await job.close();
  await workflow.close();
});

await step("who has started nothing has the first run at hand among the runs of others, until it is put away", async () => {
  const other = await browser();
  const tab = await other.context.newPage();
  await tab.goto(`${cds.url}/signup`);
  for (const [name, value] of [["fullname", "Zoe"], ["email", "zoe@localhost.local"], ["username", "zoe"], ["password", PASSWORD]]) await tab.fill(`input[name=${name}]`, value);
  await tab.getByRole("button", { name: "Sign up" }).click();
  await tab.waitForSelector(".shell");
  // As if everybody could read the runs of SHOP.
  const all = /\/v1\/runs\?(?!.*author)/;
  const token = await page.evaluate(() => localStorage.getItem("cds.token"));
  await tab.route(all, async (route) => {
    const answer = await route.fetch({ headers: { ...route.request().headers(), authorization: `Bearer ${token}` } });
    await route.fulfill({ response: answer });
  });
  await tab.goto(cds.url);
  await tab.locator(".run-row").first().waitFor();
  await tab.locator(".first-steps").waitFor();
  await accessible(tab, "first steps above runs");
  if (process.env.E2E_SHOTS) await tab.screenshot({ path: `${process.env.E2E_SHOTS}/honest-first.png` });
  await tab.getByRole("button", { name: "Not now" }).click();
  await tab.reload();
  await tab.locator(".run-row").first().waitFor();
  await tab.waitForTimeout(500);
  assert.equal(await tab.locator(".first-steps").count(), 0);
  await tab.evaluate(() => localStorage.removeItem("cds.first-steps.away"));
  await tab.reload();
  await tab.getByRole("button", { name: "Start from the example" }).click();
  await tab.getByRole("dialog").getByRole("button", { name: "Start", exact: true }).click();
  await tab.waitForURL(/\/first-steps\/run\/1/);
  await tab.goto(cds.url);
  await tab.locator(".run-row").first().waitFor();
  await tab.waitForTimeout(500);
  assert.equal(await tab.locator(".first-steps").count(), 0);
  await other.close();
});

await finish(state, chrome, cds);
