// The form that starts a run: what it sends, where the keyboard is, and that nothing typed is lost. In Chromium against the
// real server. Needs `npm run build` and the binaries.
import { strict as assert } from "node:assert";
import { browser } from "./browser.mjs";
import { server, signIn } from "./server.mjs";
import { accessible, finish, stepper } from "./steps.mjs";

const cds = await server({ CDS_SERVER__DEFAULT_GROUP: "everybody" });
const chrome = await browser();
const page = await chrome.context.newPage();
page.setDefaultTimeout(20_000);
const { step, state } = stepper(page);
const shot = (name) => process.env.E2E_SHOTS && page.screenshot({ path: `${process.env.E2E_SHOTS}/form-${name}.png` });
const at = (path) => `${cds.url}/project/SHOP/workflow/${path}`;

const { push, run } = cds;

await page.goto(cds.url);
await signIn(page);
const dialog = page.getByRole("dialog");
const isRuns = (r) => r.method() === "POST" && /\/runs$/.test(r.url());
/** What has the keyboard is waited for. */
const focus = (selector) => page.waitForFunction((s) => document.activeElement?.matches(s), selector);
const head = (name) => page.locator(".node-head button:not([aria-disabled])", { hasText: name });

await push("tagged", "  only: {pipeline: tagged, payload: {git.branch: main}}", "parameters:\n  image: {type: string, default: 'shop:{{.git.branch}}'}\n  note: {type: string, default: none}\njobs:\n- job: say\n  steps: [{script: ['echo {{.cds.pip.image}}']}]\n");

/** Starts what the form holds, and gives what was sent and which parameters the run got. */
async function started() {
  const [answer] = await Promise.all([page.waitForResponse((r) => isRuns(r.request())), dialog.getByRole("button", { name: "Start", exact: true }).click()]);
  const { node_runs } = await answer.json();
  const got = Object.fromEntries(node_runs.at(-1).parameters.filter((p) => p.name.startsWith("cds.pip.")).map((p) => [p.name.slice(8), p.value]));
  return { sent: answer.request().postDataJSON().parameters, got };
}

await step("a run again with another payload has the defaults of that payload", async () => {
  await run("tagged");
  for (const [open, branch] of [[() => page.getByRole("button", { name: "Run again…" }).click(), "release-2"], [() => head("With…").click(), "hotfix"]]) {
    await page.goto(at("tagged/run/1?node=only"));
    await open();
    assert.equal(await dialog.getByLabel("image", { exact: true }).inputValue(), "shop:{{.git.branch}}");
    await focus("[role=dialog] .parameter input");
    await dialog.getByLabel("git.branch").fill(branch);
    await shot(`again-${branch}`);
    assert.deepEqual(await started(), { sent: {}, got: { image: `shop:${branch}`, note: "none" } });
  }
});

await step("what somebody typed for the earlier run is taken over and says so", async () => {
  // As a server answers that knows who set a parameter.
  const ran = /runs\/1\?node_runs=/;
  await page.route(ran, async (route) => {
    const answer = await (await route.fetch()).json();
    for (const n of answer.node_runs) for (const p of n.parameters) if (p.name === "cds.pip.note") Object.assign(p, { value: "mine", origin: "person" });
    await route.fulfill({ json: answer });
  });
  await page.goto(at("tagged/run/1"));
  await page.getByRole("button", { name: "Run again…" }).click();
  await dialog.getByText("Typed by hand for run #1").waitFor();
  await accessible(page, "a form with what was typed");
  await shot("typed");
  assert.deepEqual(await started(), { sent: { note: "mine" }, got: { image: "shop:hotfix", note: "mine" } });
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

await step("a run that goes on with a pipeline changed since shows none of the new defaults as its own", async () => {
  const pipeline = (more) => `parameters:\n  level: {type: string, default: "1"}\n${more}jobs:\n- job: say\n  steps: [{script: ['echo {{.cds.pip.level}}']}]\n`;
  const nodes = "  first: {pipeline: aged}\n  gate: {pipeline: aged, depends_on: [first], when: [manual]}";
  await push("aged", nodes, pipeline(""));
  await run("aged");
  await push("aged", nodes, pipeline("  extra: {type: string, default: new}\n").replace('"1"', '"9"'));
  await page.goto(at("aged/run/1?node=first"));
  await head("With…").click();
  await dialog.getByText("was changed after this run began").waitFor();
  assert.equal(await dialog.getByLabel("extra", { exact: true }).count(), 0);
  assert.equal(await dialog.getByLabel("level", { exact: true }).inputValue(), "");
  await accessible(page, "a form whose pipeline was changed");
  await shot("kept");
  assert.deepEqual(await started(), { sent: {}, got: { level: "1" } });
  await page.goto(at("aged/run/1?node=gate"));
  await head("With…").click();
  await dialog.getByText("was changed after this run began").waitFor();
  assert.deepEqual(await started(), { sent: {}, got: { level: "1" } });
});

await step("the keyboard stays where the form changes, and a name is there once", async () => {
  await page.goto(at("tagged?start=1"));
  await focus("[role=dialog] .parameter input");
  const press = async (name) => { await dialog.getByRole("button", { name }).focus(); await page.keyboard.press("Enter"); };
  await press("+ Add a value");
  await focus("[data-row='1'] input[aria-label=Name]");
  await page.keyboard.type("git.branch");
  await dialog.getByText("“git.branch” is there already").waitFor();
  await accessible(page, "a name that is there twice");
  await shot("twice");
  let posts = 0;
  const count = (r) => (posts += isRuns(r) ? 1 : 0);
  page.on("request", count);
  await press("Start");
  await focus("[aria-invalid=true]");
  await press("+ Add a value");
  await press("Remove git.branch");
  await focus("[data-row='2'] input[aria-label=Name]");
  await press("Remove");
  await focus("[data-add]");
  await press("Edit as JSON");
  await focus("textarea[data-json]");
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.type('{"git.branch": "dev", "deep": {"a": 1}}');
  assert.match(await dialog.getByRole("button", { name: "Edit as fields" }).getAttribute("aria-description"), /“deep” is something else/);
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.type('{"git.branch": "dev", "more": true}');
  await accessible(page, "a payload as JSON");
  await shot("json");
  await press("Edit as fields");
  await focus("[data-row='0'] input");
  assert.deepEqual([await dialog.getByLabel("git.branch").inputValue(), await dialog.getByLabel("Name").inputValue(), await dialog.getByLabel("Value").inputValue()], ["dev", "more", "true"]);
  page.off("request", count);
  assert.equal(posts, 0);
  await press("Cancel");
});

await step("what was typed is there after a session that ended, until it is started", async () => {
  for (const [open, path] of [[async () => page.getByRole("button", { name: "Start a run" }).click(), "tagged"], [async () => head("With…").click(), "tagged/run/1?node=only"]]) {
    await page.goto(at(path));
    await open();
    await dialog.getByLabel("note", { exact: true }).fill("half a sentence");
    await dialog.getByLabel("git.branch").fill("typed");
    await page.evaluate(() => fetch("/v1/auth/signout", { method: "POST", headers: { authorization: `Bearer ${localStorage.getItem("cds.token")}` } }));
    // The page may hear of it before anybody starts the run.
    const ended = page.getByText("Your session has ended").waitFor();
    await Promise.race([ended, dialog.getByRole("button", { name: "Start", exact: true }).click().catch(() => undefined)]);
    await ended;
    await signIn(page);
    await dialog.getByLabel("note", { exact: true }).waitFor();
    assert.deepEqual([await dialog.getByLabel("note", { exact: true }).inputValue(), await dialog.getByLabel("git.branch").inputValue()], ["half a sentence", "typed"]);
    assert.deepEqual((await started()).sent, { note: "half a sentence" });
    await dialog.waitFor({ state: "detached" });
    assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage).filter((k) => k.startsWith("cds.draft"))), []);
    await page.goto(at(path));
    await page.locator("main h1").waitFor();
    await page.waitForTimeout(500);
    assert.equal(await dialog.count(), 0);
  }
});

await step("what was typed is there again after Escape or a press beside the form, and gone after Cancel", async () => {
  const note = dialog.getByLabel("note", { exact: true });
  const again = dialog.getByText("What you typed here before is in the form again.");
  const open = () => page.getByRole("button", { name: "Start a run" }).click();
  await page.goto(at("tagged"));
  await open();
  await note.fill("half a sentence");
  await dialog.getByRole("button", { name: "+ Add a value" }).click();
  await dialog.getByLabel("Name").fill("more");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await open();
  await again.waitFor();
  assert.deepEqual([await note.inputValue(), await dialog.getByLabel("Name").inputValue()], ["half a sentence", "more"]);
  await accessible(page, "a form with what was typed before");
  await shot("again");
  await note.fill("a sentence");
  await page.mouse.click(5, 5);
  await dialog.waitFor({ state: "detached" });
  // No page opens a form that was put away.
  await page.reload();
  await page.locator("button:not([aria-disabled])", { hasText: "Start a run" }).waitFor();
  assert.equal(await dialog.count(), 0);
  await open();
  await again.waitFor();
  assert.equal(await note.inputValue(), "a sentence");
  await dialog.getByRole("button", { name: "Begin anew" }).click();
  assert.deepEqual([await note.inputValue(), await dialog.getByLabel("Name").count(), await again.count()], ["none", 0, 0]);
  await focus("[role=dialog] .parameter input");
  await note.fill("mine");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await dialog.waitFor({ state: "detached" });
  assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage).filter((k) => k.startsWith("cds.draft"))), []);
  await open();
  await note.waitFor();
  assert.deepEqual([await note.inputValue(), await again.count()], ["none", 0]);
  await page.keyboard.press("Escape");
});

await step("each form of a page keeps its own draft; what happens to the run meanwhile builds none anew; a node's payload is not the run's", async () => {
  const gate = (name) => `  ${name}: {pipeline: gates, depends_on: [first], when: [success, manual]}\n`;
  await push("gates", `  first: {pipeline: gates, payload: {git.branch: main}}\n${gate("east")}${gate("west")}`, "parameters:\n  note: {type: string, default: none}\njobs:\n- job: say\n  steps: [{script: ['echo {{.git.branch}}']}]\n");
  await run("gates");
  const note = dialog.getByLabel("note", { exact: true });
  const anew = () => page.getByRole("button", { name: "Run again…" }).click();
  const put = async (how) => {
    await (how ? dialog.getByRole("button", { name: how }).click() : page.keyboard.press("Escape"));
    await dialog.waitFor({ state: "detached" });
  };
  await page.goto(at("gates/run/1?node=east"));
  await anew();
  await note.fill("for a new run");
  await put();
  await head("With…").click();
  assert.equal(await note.inputValue(), "none");
  await note.fill("for east");
  await put("Cancel");
  await anew();
  assert.equal(await note.inputValue(), "for a new run");
  await put("Cancel");

  await head("With…").click();
  await note.fill("half a");
  await cds.ctl("workflow", "run", "SHOP", "gates", "--run-number", "1", "--node-name", "east", "--track");
  await dialog.getByText("east has been started meanwhile. Start starts it once more.").waitFor();
  await page.keyboard.type(" word");
  assert.equal(await note.inputValue(), "half a word");
  await accessible(page, "a gate that was opened meanwhile");
  await shot("meanwhile");
  await put("Cancel");

  // Untouched, a payload is what the node is passed on.
  const payload = async () => {
    const [asked] = await Promise.all([page.waitForRequest(isRuns), dialog.getByRole("button", { name: "Start", exact: true }).click()]);
    await dialog.waitFor({ state: "detached" });
    return asked.postDataJSON().payload;
  };
  await page.goto(at("gates/run/1?node=west"));
  await head("With…").click();
  await dialog.getByLabel("git.branch").fill("hotfix/1");
  assert.deepEqual(await payload(), { "git.branch": "hotfix/1" });
  await page.goto(at("gates/run/1?node=east"));
  await page.locator(".gnode.good[data-node=west]").waitFor();
  await page.locator(".facts .branch", { hasText: /^main$/ }).waitFor();
  for (const open of [anew, () => head("With…").click()]) {
    await open();
    assert.equal(await dialog.getByLabel("git.branch").inputValue(), "main");
    await put("Cancel");
  }
  await head("With…").click();
  await note.fill("mine");
  assert.equal(await payload(), undefined);
});

await finish(state, chrome, cds);
