// What a page says stays so: time that passes, faults outside of jobs, buttons that are pressed twice or vanish, changes, tests
// and the queue. In Chromium against the real server. Needs `npm run build` and the binaries.
import { strict as assert } from "node:assert";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { browser } from "./browser.mjs";
import { PASSWORD, server, signIn } from "./server.mjs";
import { accessible, finish, stepper } from "./steps.mjs";

const cds = await server({ CDS_SERVER__DEFAULT_GROUP: "everybody" });
const chrome = await browser();
const page = await chrome.context.newPage();
page.setDefaultTimeout(20_000);
const { step, state } = stepper(page);
const shot = (name) => process.env.E2E_SHOTS && page.screenshot({ path: `${process.env.E2E_SHOTS}/true-${name}.png` });
const at = (path) => `${cds.url}/project/SHOP/workflow/${path}`;

const { push, run } = cds;

await page.goto(cds.url);
await signIn(page);
const isRuns = (r) => r.method() === "POST" && /\/runs$/.test(r.url());
const focused = () => page.evaluate(() => { const e = document.activeElement; return `${e.tagName} ${e.getAttribute("aria-label") ?? e.innerText ?? ""}`.trim(); });
/** What has the keyboard is waited for. */
const focus = (selector) => page.waitForFunction((s) => document.activeElement?.matches(s), selector);
const head = (name) => page.locator(".node-head button:not([aria-disabled])", { hasText: name });

await step("what happened some time ago is told so wherever one waits", async () => {
  await run("gated");
  // A clock is one of a whole browser.
  const other = await browser();
  const tab = await other.context.newPage();
  await tab.goto(cds.url);
  await signIn(tab);
  await tab.clock.install();
  for (const [path, place] of [["SHOP", ".run-row:has-text('gated') .run-times"], ["SHOP/workflow/gated", ".run-row .run-times"], ["SHOP/workflow/gated/run/1?tab=infos", ".facts time"]]) {
    await tab.goto(`${cds.url}/project/${path}`);
    await tab.locator(place).first().waitFor();
    const minutes = async () => Number(/(\d+) min ago/.exec(await tab.locator(place).first().innerText())?.[1] ?? 0);
    const until = async (least) => { for (let i = 0; i < 50 && (await minutes()) < least; i++) await page.waitForTimeout(100); };
    await tab.clock.runFor(155_000);
    await until(2);
    const before = await minutes();
    assert.ok(before >= 2, `${path}: ${await tab.locator(place).first().innerText()}`);
    // Hidden, it stands still; shown again, it is right at once.
    const look = (hidden) => tab.evaluate((h) => { Object.defineProperty(document, "hidden", { value: h, configurable: true }); document.dispatchEvent(new Event("visibilitychange")); }, hidden);
    await look(true);
    await tab.clock.runFor(600_000);
    assert.equal(await minutes(), before, "a hidden tab counts on");
    await look(false);
    await until(before + 10);
    assert.equal(await minutes(), before + 10);
  }
  await other.close();
});

await step("a node that fails without a job tells its reason, and the run opens at it", async () => {
  await push("hook", "  first: {pipeline: hook}\n  notify: {depends_on: [first], trigger: WebHook, config: {URL: 'http://localhost:1', method: POST}}");
  await run("hook");
  await page.goto(at("hook/run/1"));
  await page.getByRole("tab", { name: /What went wrong/ }).waitFor();
  const wrong = page.getByRole("region", { name: "What went wrong" });
  await wrong.getByRole("link", { name: "notify" }).waitFor();
  await wrong.getByText("outgoing hooks are not available").waitFor();
  await page.locator(".gnode.selected[data-node=notify]").waitFor();
  await accessible(page, "a node that failed alone");
  await shot("alone");
  await wrong.getByRole("link", { name: "notify" }).click();
  await page.locator(".node-panel .reason.bad", { hasText: "outgoing hooks are not available" }).waitFor();
  await shot("alone-panel");
  const link = page.getByRole("button", { name: "1 node failed", exact: true });
  await link.focus();
  await page.keyboard.press("Enter");
  await focus("[role=tab][data-tab=failures]");
});

await step("a condition that could not be evaluated is a fault with its error", async () => {
  for (const [name, condition, error] of [["nil", 'script: "return nothing.here == 1"', "attempt to index nil"], ["regex", 'check: [{variable: git.branch, operator: regex, value: "(["}]', "unclosed character class"]]) {
    await push(name, `  first: {pipeline: ${name}}\n  second: {pipeline: ${name}, depends_on: [first], conditions: {${condition}}}`);
    await run(name, "--data", '{"git.branch":"main"}');
    await page.goto(at(`${name}/run/1`));
    await page.getByRole("region", { name: "What went wrong" }).getByText(error).waitFor();
    await page.getByRole("button", { name: "1 condition could not be evaluated" }).waitFor();
    await page.locator(".gnode.bad[data-node=second]", { hasText: /Condition can’t be evaluated.*Condition error/s }).waitFor();
    await shot(`condition-${name}`);
    await page.goto(at(`${name}/run/1?node=second`));
    await page.locator(".node-head .badge.bad", { hasText: "Condition can’t be evaluated" }).waitFor();
    await page.locator(".reason.bad", { hasText: "could not be evaluated" }).getByText(error).waitFor();
    assert.equal(await page.getByText("its condition was false").count(), 0);
    await accessible(page, "a condition that could not be evaluated");
    await shot(`condition-${name}-panel`);
  }
});

/** The button of the gate's banner, once it can be pressed. */
const approve = () => page.locator("button:not([aria-disabled])[aria-label='Approve and start ship']");

await step("two clicks approve once, and the keyboard goes on at the status", async () => {
  for (const [number, find] of [[1, approve], [2, () => head("Approve: start node")]]) {
    if (number > 1) await run("gated");
    await page.goto(at(`gated/run/${number}?node=ship`));
    const posts = [];
    const count = (r) => isRuns(r) && posts.push(r.headers()["idempotency-key"]);
    page.on("request", count);
    const box = await find().boundingBox();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await page.mouse.click(x, y);
    await page.waitForTimeout(180);
    await page.mouse.click(x, y);
    await page.waitForFunction(() => document.title.startsWith("Succeeded"));
    await page.waitForTimeout(1000);
    page.off("request", count);
    assert.equal(posts.length, 1);
    assert.equal(await page.locator(".gnode-again").count(), 0, "it ran twice");
  }
  await run("gated");
  await page.goto(at("gated/run/3"));
  await approve().focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.title.startsWith("Succeeded"));
  assert.match(await focused(), /^SPAN/);
});

await step("what was sent and not answered is sent again as the same wish", async () => {
  await run("gated");
  await page.goto(at("gated/run/4?node=ship"));
  const keys = [];
  await page.route(/\/runs$/, async (route) => {
    if (!isRuns(route.request())) return route.fallback();
    keys.push(route.request().headers()["idempotency-key"]);
    // Whether it came to the server is not known here.
    if (keys.length === 1) return route.abort();
    return route.fallback();
  });
  await approve().click();
  await page.getByText("The server did not answer").first().waitFor();
  await page.waitForTimeout(800);
  await approve().click();
  await page.waitForFunction(() => document.title.startsWith("Succeeded"));
  await page.unrouteAll({ behavior: "ignoreErrors" });
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1]);
});

await step("a restart leads from an old execution to the new one; a node that stops keeps the keyboard", async () => {
  await push("flaky", "  only: {pipeline: flaky}", "jobs:\n- job: good\n  steps: [{script: [echo well]}]\n- job: bad\n  steps: [{script: ['exit 3']}]\n");
  await run("flaky");
  for (const [i, path, button] of [[1, "run/1?node=only", "Restart failed jobs"], [2, "run/1?node=only&exec=0", "Restart failed jobs"], [3, "run/1/node/0", "Restart node"]]) {
    await page.goto(at(`flaky/${path}`));
    await head(button).click();
    await page.locator(".node-head .select", { hasText: `1.${i}` }).waitFor();
    await page.waitForFunction(() => document.title.startsWith("Failed"));
  }
  await push("naps", "  only: {pipeline: naps}", "jobs:\n- job: nap\n  steps: [{script: [sleep 600]}]\n");
  await cds.ctl("workflow", "run", "SHOP", "naps");
  await page.goto(at("naps/run/1?node=only"));
  await page.waitForFunction(() => document.title.startsWith("Running"));
  await head("Stop node").focus();
  await page.keyboard.press("Enter");
  await head("Stop node").waitFor({ state: "detached" });
  await focus("h2.node-name");
  await shot("kept");
});

await step("tests say which execution they are of", async () => {
  await page.route(/runs\/1\/tests$/, (route) => route.fulfill({ json: { total: 1, ok: 1, ko: 0, skipped: 0, suites: { only: [{ name: "cart", cases: [{ name: "adds", status: "ok", message: "\u001b[31mred\u001b[0m plain" }] }] } } }));
  await page.goto(at("flaky/run/1?tab=tests"));
  await page.locator(".suite", { hasText: "only, execution 1.3" }).waitFor();
  await page.locator(".test summary").click();
  assert.equal(await page.locator(".test pre").innerText(), "red plain");
  await shot("tests");
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

await step("changes tell what differs in nodes, their conditions and their work, and what was compared", async () => {
  await push("moves", "  first: {pipeline: moves}\n  second: {pipeline: moves, depends_on: [first]}");
  await run("moves");
  await push("moves", "  first: {pipeline: moves, parameters: {who: me}}\n  second: {pipeline: moves, depends_on: [first], one_at_a_time: true, conditions: {check: [{variable: git.branch, operator: eq, value: x}]}}", "parameters: {who: {type: string, default: you}}\njobs:\n- job: quick\n  steps: [{script: [echo done]}, {name: more, script: [exit 1]}]\n");
  await run("moves", "--data", '{"git.branch":"main"}');
  await page.goto(at("moves/run/2?tab=changes"));
  const rows = page.getByRole("region", { name: "What differs" });
  await rows.waitFor();
  const text = await rows.innerText();
  for (const told of [/first\s+parameter who\s+–\s+me/, /second\s+one at a time\s+no\s+yes/, /second\s+conditions\s+–\s+git\.branch eq "x"/, /first\s+digest of its pipeline\s+[0-9a-f]{10}\s+[0-9a-f]{10}/, /second\s+whether it ran\s+it ran\s+Skipped; git\.branch \("main"\)/, /first\s+steps of job quick\s+Script\s+Script, more/]) assert.match(text, told);
  assert.equal(await page.getByText("are the same").count(), 0);
  await page.getByText("by a digest whether anything else in them").waitFor();
  await accessible(page, "what differs");
  await shot("changes");
});

await step("the queue says what waits for what, and who sees only a part of it is told so", async () => {
  await page.route(/\/v1\/queue$/, (route) => route.fulfill({ json: [] }));
  await page.route(/\/v1\/queue\/nodes$/, (route) => route.fulfill({ json: [{ node: "only", number: 2, holder: 1, project_key: "SHOP", workflow_name: "naps", triggered_by: "admin", since: new Date().toISOString(), reason: { code: "mutex", text: "run #1 holds the mutex" } }] }));
  await page.goto(`${cds.url}/queue`);
  await page.getByText("No job waits for a worker.").waitFor();
  assert.equal(await page.getByText("Nothing waits").count(), 0);
  await accessible(page, "a queue of nodes");
  await shot("queue");
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.goto(`${cds.url}/queue`);
  await page.getByText("The queue is empty").waitFor();
  const other = await browser();
  const tab = await other.context.newPage();
  await tab.goto(`${cds.url}/signup`);
  for (const [name, value] of [["fullname", "Yan"], ["email", "yan@localhost.local"], ["username", "yan"], ["password", PASSWORD]]) await tab.fill(`input[name=${name}]`, value);
  await tab.getByRole("button", { name: "Sign up" }).click();
  await tab.waitForSelector(".shell");
  await tab.goto(`${cds.url}/queue`);
  await tab.getByText("Nothing that you may see waits or runs").waitFor();
  assert.equal(await tab.getByText("The queue is empty").count(), 0);
  await other.close();
});

await step("the panel keeps its node and tab while the run goes on, and says where the news is", async () => {
  // Each node ends when it is let go, so that what is asked between is no race.
  const gate = (name) => join(tmpdir(), `cds-e2e-${process.pid}-${name}`);
  const wait = (name) => `jobs:\n- job: ${name}\n  steps: [{script: ['for i in $(seq 600); do test -e ${gate(name)} && break; sleep 0.1; done', 'test ${name} != third']}]\n`;
  for (const name of ["first", "second", "third"]) await push(`seq-${name}`, `  only: {pipeline: seq-${name}}`, wait(name));
  await push("seq", "  first: {pipeline: seq-first}\n  second: {pipeline: seq-second, depends_on: [first]}\n  third: {pipeline: seq-third, depends_on: [first]}");
  try {
    await cds.ctl("workflow", "run", "SHOP", "seq");
    await page.goto(at("seq/run/1"));
    await head("Stop node").waitFor();
    assert.equal(await head("Stop node").getAttribute("aria-label"), "Stop node first");
    await page.locator(".parameters summary").click();
    const filter = page.getByLabel("Filter parameters");
    await filter.fill("cds.run");
    const tabs = await page.getByRole("tablist", { name: "Details of the run" }).boundingBox();
    await writeFile(gate("first"), "");
    const news = page.locator(".elsewhere button");
    await news.filter({ hasText: "second is running: show it" }).waitFor();
    assert.equal(await page.locator("h2.node-name").innerText(), "first");
    assert.deepEqual([await filter.inputValue(), await filter.evaluate((e) => document.activeElement === e)], ["cds.run", true]);
    assert.equal(await page.locator(".gnode.selected").getAttribute("data-node"), "first");
    assert.equal((await page.getByRole("tablist", { name: "Details of the run" }).boundingBox()).y, tabs.y, "the panel moved");
    await accessible(page, "news elsewhere");
    await shot("elsewhere");
    await writeFile(gate("third"), "");
    await news.filter({ hasText: "third failed: show it" }).waitFor();
    assert.deepEqual([await page.locator("h2.node-name").innerText(), await filter.inputValue()], ["first", "cds.run"]);
    await page.getByRole("tab", { name: /What went wrong/ }).waitFor();
    assert.equal(await page.getByRole("tab", { name: "Jobs" }).getAttribute("aria-selected"), "true");
    await news.click();
    await page.locator(".went-wrong").getByRole("link", { name: "third" }).waitFor();
    await focus("[role=tab][data-tab=failures]");
    assert.equal(await news.count(), 0);
  } finally {
    for (const name of ["first", "second", "third"]) await writeFile(gate(name), "");
  }
  await page.waitForFunction(() => document.title.startsWith("Failed"));
  for (const name of ["first", "second", "third"]) await rm(gate(name));
});

await step("a node whose condition is false is not told to start, neither by its button nor by the form", async () => {
  await push("chain", "  a: {pipeline: chain}\n  skip: {pipeline: chain, depends_on: [a], conditions: {check: [{variable: git.branch, operator: eq, value: nope}]}}\n  b: {pipeline: chain, depends_on: [a]}");
  await run("chain", "--data", '{"git.branch":"main"}');
  await page.goto(at("chain/run/1?node=skip"));
  await head("Start node").click();
  const told = page.locator(".toast.error", { hasText: 'skip was not run: its condition is false: git.branch ("main") eq "nope": false' });
  await told.waitFor();
  assert.equal(await page.getByText("skip starts").count(), 0);
  await shot("not-started");
  await told.locator("button").click();
  await page.getByRole("button", { name: "Start skip with another payload or parameters" }).click();
  const form = page.getByRole("dialog");
  await form.getByRole("button", { name: "Start", exact: true }).click();
  await form.getByText("skip was not run: its condition is false").waitFor();
  await shot("not-started-form");
  await form.getByLabel("git.branch").fill("nope");
  await form.getByRole("button", { name: "Start", exact: true }).click();
  await form.waitFor({ state: "detached" });
  await page.locator(".gnode.good[data-node=skip]").waitFor();
});

await step("of two executions at once the one that goes on is shown, and can be stopped", async () => {
  const url = /\/runs\/1\?parameters=false/;
  await page.route(url, async (route) => {
    const answer = await (await route.fetch()).json();
    const of = answer.node_runs.find((n) => n.node === "b");
    const busy = (job) => ({ ...job, id: `${answer.id}.90`, status: "Building", done: null });
    const going = { ...of, id: 90, sub_number: 5, status: "Building", done: null, stages: of.stages.map((s) => ({ ...s, status: "Building", jobs: s.jobs.map(busy) })) };
    await route.fulfill({ json: { ...answer, status: "Building", node_runs: [...answer.node_runs, going, { ...of, id: 91, sub_number: 4 }] } });
  });
  await page.goto(at("chain/run/1?node=b"));
  await page.locator(".gnode.busy[data-node=b]").waitFor();
  await page.locator(".node-head .badge.busy", { hasText: "Running" }).waitFor();
  await page.getByRole("button", { name: "Stop node b" }).waitFor();
  await accessible(page, "two executions at once");
  await shot("two-executions");
  // Something runs, if not what stands for its node.
  assert.match(await page.title(), /^Running/);
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

await step("all failed jobs can be shown, and an optional step that failed is not the cause", async () => {
  const job = (name, steps) => `- job: ${name}\n  steps:\n${steps}`;
  await push("many", "  only: {pipeline: many}", `jobs:\n${job("lints", "  - {name: lint, optional: true, script: [echo lint complains, exit 1]}\n  - {name: real, script: [echo THE REAL CAUSE, exit 2]}\n  - {name: later, script: [echo never]}\n")}${[1, 2, 3, 4, 5].map((i) => job(`bad-${i}`, "  - {script: [exit 3]}\n")).join("")}`);
  await run("many");
  await page.goto(at("many/run/1"));
  const wrong = page.getByRole("region", { name: "What went wrong" });
  await wrong.getByText("THE REAL CAUSE").waitFor();
  await wrong.getByText("step real").waitFor();
  assert.equal(await wrong.getByText("lint complains").count(), 0);
  assert.equal(await wrong.locator("li").count(), 4);
  await wrong.getByRole("button", { name: "Show 2 more failed jobs" }).click();
  await wrong.locator("li").nth(5).waitFor();
  await accessible(page, "all failed jobs");
  await shot("all-failed");
  await wrong.getByRole("link", { name: "lints" }).click();
  await page.locator(".log-text", { hasText: "THE REAL CAUSE" }).waitFor();
  await page.locator(".log-head", { hasText: "failed, optional: the job goes on" }).waitFor();
  await page.getByRole("button", { name: "Open all" }).click();
  await page.locator(".log-none", { hasText: "Not run" }).waitFor();
  assert.equal(await page.getByText("Not reached yet").count(), 0);
  await accessible(page, "an optional step that failed");
  await shot("optional");
  // The way back finds the list as it was left.
  await page.goBack();
  await wrong.getByRole("button", { name: "Hide 2 more failed jobs" }).waitFor();
  await wrong.locator("li").nth(5).waitFor();
});

await step("a job that begins anew says why; who restarts from its page keeps the keyboard", async () => {
  const url = /\/runs\/1\?parameters=false/;
  await page.route(url, async (route) => {
    const answer = await (await route.fetch()).json();
    for (const n of answer.node_runs) for (const s of n.stages) for (const j of s.jobs) j.attempts = [{ ...j.attempts[0], attempt: 1, status: "Fail", reason: "Attempt 1 of 3 was lost (its worker is gone)" }, { ...j.attempts[0], attempt: 2 }];
    await route.fulfill({ json: answer });
  });
  await page.goto(at("many/run/1/job/0"));
  await page.locator(".job-again", { hasText: "This is attempt 2: Attempt 1 of 3 was lost (its worker is gone)" }).getByRole("button", { name: "Show attempt 1" }).click();
  await page.waitForURL(/attempt=1/);
  await accessible(page, "a job that began anew");
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.goto(at("many/run/1/job/0"));
  const again = page.locator(".page-head button:not([aria-disabled])", { hasText: "Restart node" });
  await again.focus();
  await page.keyboard.press("Enter");
  await page.getByText(/^This is execution 1\.0; /).waitFor();
  await page.waitForFunction(() => document.activeElement !== document.body);
});

await step("behind gates a node is not reached yet; gates are all there; a job without a log is no link", async () => {
  const gates = Array.from({ length: 7 }, (_, i) => `  gate-${i}: {pipeline: gates, depends_on: [a], when: [manual]}`).join("\n");
  await push("gates", `  a: {pipeline: gates}\n${gates}\n  after: {pipeline: gates, depends_on: [gate-0]}`, "jobs:\n- job: quick\n  steps: [{script: [echo done]}]\n- job: off\n  enabled: false\n  steps: [{script: [echo never]}]\n");
  await run("gates");
  await page.goto(at("gates/run/1?node=after"));
  await page.locator(".node-panel", { hasText: "Not reached yet" }).getByText("gate-0 waits for a person.").waitFor();
  const places = await page.locator(".gnode[data-node^=gate]").evaluateAll((all) => all.map((e) => [e.dataset.node, e.getBoundingClientRect().y]).sort((a, b) => a[1] - b[1]).map(([name]) => name));
  assert.deepEqual(places, [0, 1, 2, 3, 4, 5, 6].map((i) => `gate-${i}`));
  const news = page.getByRole("region", { name: "Waits for a person" });
  await news.getByRole("button", { name: "Show 2 more that wait for a person" }).click();
  await news.getByRole("button", { name: "Approve and start gate-6" }).waitFor();
  await accessible(page, "all gates");
  await shot("gates");
  // What moves up when a gate goes is not pressed by the second click of a double click.
  const next = page.evaluate(() => new Promise((resolve) => {
    const button = (n) => document.querySelector(`[aria-label="Approve and start gate-${n}"]`);
    const seen = new MutationObserver(() => {
      if (button(0)) return;
      seen.disconnect();
      resolve(button(1).getAttribute("aria-disabled"));
    });
    seen.observe(document.body, { childList: true, subtree: true });
  }));
  await news.getByRole("button", { name: "Approve and start gate-0" }).click();
  assert.equal(await next, "true");
  await news.locator("button:not([aria-disabled])[aria-label='Approve and start gate-1']").waitFor();
  await page.goto(at("gates/run/1?node=a"));
  await page.locator(".job", { hasText: "off" }).getByText("Disabled").waitFor();
  assert.equal(await page.getByRole("link", { name: /off/ }).count(), 0);
  await shot("disabled");
  await page.goto(`${cds.url}/?status=bogus`);
  await page.locator(".run-row", { hasText: "gates" }).getByText("Waits for a person, all before succeeded").waitFor();
  assert.equal(await page.locator(".problem").count(), 0);
});

await step("what can't be read stays told while it is tried again", async () => {
  const broken = (url) => page.route(url, (route) => route.fulfill({ status: 500, json: { code: "internal", message: "a fault of the server" } }));
  for (const [url, path] of [[/runs\/1\/tests$/, "SHOP/workflow/gated/run/1?tab=tests"], [/workflows\/gated$/, "SHOP/workflow/gated"], [/gated\/runs\?/, "SHOP/workflow/gated"], [/SHOP\/workflows$/, "SHOP"]]) {
    await broken(url);
    await page.goto(`${cds.url}/project/${path}`);
    const again = await page.getByRole("button", { name: "Try again" }).elementHandle();
    await again.focus();
    for (let i = 0; i < 20; i++) {
      await page.waitForTimeout(200);
      assert.ok(await again.evaluate((e) => e.isConnected && document.activeElement === e), `${path}: it was gone after ${i * 200} ms`);
    }
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await page.locator(".problem").waitFor({ state: "detached" });
  }
  await broken(/workflows\/gated$/);
  await page.goto(at("gated/run/1"));
  await page.getByRole("button", { name: "Run again…" }).and(page.locator("[aria-description*='could not be read']")).waitFor();
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.goto(`${cds.url}/project/NONE`);
  await page.waitForFunction(() => document.title === "Not found: NONE · CDS");
});

await step("who skips to the content keeps the address", async () => {
  await page.goto(at("gated/run/1/job/0?step=0#L1-2"));
  await page.locator("main h1").waitFor();
  await page.locator(".skip").focus();
  await page.keyboard.press("Enter");
  await focus("#content");
  assert.match(page.url(), /#L1-2$/);
});

await finish(state, chrome, cds);
