// What a job, a file or another site could try on whoever reads (S25, S26): everything that CDS shows and somebody else
// wrote is full of markup, terminal sequences and links. Needs `npm run build` and the binaries.
import { strict as assert } from "node:assert";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { browser } from "./browser.mjs";
import { finish, stepper } from "./steps.mjs";
import { server, signIn } from "./server.mjs";

/** Each sets a mark if it ever runs. */
const MARKUP = [
  "<script>window.__xss=1</script>",
  "<img src=x onerror=window.__xss=2>",
  "<svg/onload=window.__xss=3>",
  "\"><iframe srcdoc='<script>parent.__xss=4</script>'></iframe>",
  "'-window.__xss=5-'",
  "javascript:window.__xss=6",
  "<a href=\"javascript:window.__xss=7\">click</a>",
  "{{constructor.constructor('window.__xss=8')()}}",
  "<style>*{display:none}</style><base href=//evil.example/>",
  "<math><mtext><table><mglyph><style><img src=x onerror=window.__xss=9>",
  "\u202e<details open ontoggle=window.__xss=10>",
  "&lt;img src=x onerror=window.__xss=11&gt;",
];
const ESC = "\\033";
/** As printf writes them: titles, clipboard, links, pictures, device questions, endless and broken sequences. */
const TERMINAL = [
  `${ESC}]0;stolen title\\007`,
  `${ESC}]52;c;c3RvbGVu\\007`,
  `${ESC}]8;;javascript:window.__xss=20\\007a link${ESC}]8;;\\007`,
  `${ESC}]8;;data:text/html,<script>window.__xss=21</script>${ESC}\\\\\\\\another${ESC}]8;;${ESC}\\\\\\\\`,
  `${ESC}]1337;File=inline=1:PHN2Zy8+\\007`,
  `${ESC}P1;1|window.__xss=22${ESC}\\\\\\\\`,
  `${ESC}[31m<img src=x onerror=window.__xss=23>${ESC}[0m`,
  `${ESC}[38;2;1;2;3;4;5;6;7;8m<b onclick=window.__xss=24>bold</b>`,
  `${ESC}[2J${ESC}[H${ESC}[999999999999A`,
  `${ESC}]0;never ended <script>window.__xss=25</script>`,
  // Addresses: of these only the last one, as it stands there, may become a link.
  "javascript://example.com/%0awindow.__xss=26",
  "https://example.com@evil.example/",
  `https://example.com/\" onmouseover=window.__xss=27`,
];
const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const yaml = (text) => JSON.stringify(text);
const xml = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
const all = MARKUP.join(" ");

const folder = await mkdtemp(join(tmpdir(), "cds-attacks-"));
const file = async (name, text) => (await writeFile(join(folder, name), text), join(folder, name));
const cases = MARKUP.map((m) => `<testcase classname="${xml(m)}" name="${xml(m)}"><failure message="${xml(m)}">${xml(m)}</failure><system-out>${xml(m)}</system-out></testcase>`).join("");
const PIPELINE = await file("hostile.pip.yml", `version: v1.0
name: hostile
description: ${yaml(all)}
stages: [${yaml("stage <img src=x onerror=window.__xss=30>")}]
parameters:
  wish: {type: string, default: ${yaml(MARKUP[1])}, description: ${yaml(all)}}
jobs:
- job: ${yaml("job <img src=x onerror=window.__xss=31>")}
  stage: ${yaml("stage <img src=x onerror=window.__xss=30>")}
  description: ${yaml(all)}
  steps:
  - name: ${yaml(`step ${MARKUP[0]}`)}
    script:
    - "#!/bin/bash"
${MARKUP.map((m) => `    - ${yaml(`printf '%s\\n' ${quote(m.replaceAll("{{", "{ {"))}`)}`).join("\n")}
${TERMINAL.map((t) => `    - ${yaml(`printf ${quote(`${t}\\n`)}`)}`).join("\n")}
    - ${yaml(`worker tag hostile=${quote("<img src=x onerror=window.__xss=32>")} || true`)}
    - ${yaml(`worker export said ${quote("<img src=x onerror=window.__xss=33>")} || true`)}
    - ${yaml(`printf '%s' ${quote(`<testsuite name="${xml(MARKUP[1])}">${cases.replaceAll("{{", "{ {")}</testsuite>`)} > junit.xml`)}
    - mkdir -p out
    - ${yaml(`printf '%s' ${quote('<svg xmlns="http://www.w3.org/2000/svg" onload="window.__xss=34"><script>window.__xss=35</script></svg>')} > ${quote("out/<img src=x onerror=window.__xss=36>.svg")}`)}
    - ${yaml(`printf '%s' ${quote("<script>window.__xss=37</script>")} > out/page.html`)}
  - jUnitReport: junit.xml
    always_executed: true
  - artifactUpload:
      path: out/*
    always_executed: true
`);
const WORKFLOW = await file("hostile.yml", `name: hostile
version: v2.0
description: ${yaml(all.replaceAll("{{", "{ {"))}
workflow:
  only: {pipeline: hostile, payload: {git.branch: ${yaml(MARKUP[1])}, git.author: ${yaml(MARKUP[2])}}}
  never:
    depends_on: [only]
    pipeline: hostile
    conditions: {check: [{variable: git.branch, operator: eq, value: ${yaml(MARKUP[0])}}]}
metadata: {default_tags: "git.branch,git.author"}
`);

const cds = await server();
const chrome = await browser();
const page = await chrome.context.newPage();
page.setDefaultTimeout(30_000);
const { step, state } = stepper(page);
const dialogs = [];
const foreign = [];
page.on("dialog", (d) => (dialogs.push(d.message()), d.dismiss()));
page.on("request", (r) => /^(data|blob|about):/.test(r.url()) || r.url().startsWith(cds.url) || foreign.push(r.url()));

/** Nothing ran, nothing was put into the page, no link leads to a script. */
async function clean(where) {
  const found = await page.evaluate(() => ({
    ran: window.__xss,
    elements: [...document.querySelectorAll("img, iframe, object, embed, base, math, link[rel=import], script:not([src]), style")].map((e) => e.outerHTML.slice(0, 120)),
    handlers: [...document.querySelectorAll("*")].filter((e) => e.getAttributeNames().some((a) => a.startsWith("on"))).map((e) => e.outerHTML.slice(0, 120)),
    links: [...document.querySelectorAll("[href], [src], [action], [formaction]")].map((e) => e.getAttribute("href") ?? e.getAttribute("src") ?? e.getAttribute("action") ?? "").filter((to) => /^\s*(javascript|vbscript|data:text)/i.test(to)),
    title: document.title,
  }));
  assert.equal(found.ran, undefined, `${where}: a script ran`);
  for (const kind of ["elements", "handlers", "links"]) assert.deepEqual(found[kind], [], `${where}: ${kind}`);
  assert.ok(!found.title.includes("stolen"), where);
}

await step("hostile definitions are imported and run", async () => {
  await cds.ctl("project", "create", "EVIL", "<img src=x onerror=window.__xss=40>");
  await cds.ctl("workflow", "push", "EVIL", WORKFLOW, PIPELINE, "--skip-update-files");
  await cds.ctl("workflow", "run", "EVIL", "hostile", "--track").catch(() => undefined);
  await page.goto(cds.url);
  await signIn(page);
});

const RUN = "/project/EVIL/workflow/hostile/run/1";
for (const path of ["/", "/projects", "/project/EVIL", "/project/EVIL/workflow/hostile", `${RUN}?node=only`, `${RUN}?node=never`, `${RUN}?tab=tests`, `${RUN}?tab=artifacts`, `${RUN}?tab=changes`, `${RUN}?tab=infos`, `${RUN}/job/0?step=0`, "/queue", "/fleet", "/account"]) {
  await step(`shown as text: ${path}`, async () => {
    await page.goto(cds.url + path);
    await page.locator("main h1, main .empty-title").first().waitFor();
    if (path.includes("/job/")) await page.locator(".log-text").first().waitFor();
    await page.waitForTimeout(700);
    await clean(path);
  });
}

await step("the test is not empty: what was written is there to be read", async () => {
  await page.goto(`${cds.url}${RUN}/job/0?step=0`);
  await page.locator(".log-text", { hasText: "<svg/onload=window.__xss=3>" }).waitFor();
  // Nothing that a terminal calls a link is one; what is written as an address leads there, and tells nothing.
  const links = await page.locator(".log-text a").evaluateAll((all) => all.map((a) => [a.textContent, a.href, a.target, a.rel].join(" ")));
  assert.deepEqual([...new Set(links)].filter((link) => link !== "https://example.com/ https://example.com/ _blank noopener noreferrer nofollow"), []);
  await page.goto(`${cds.url}${RUN}?tab=tests`);
  await page.locator(".test-name", { hasText: "<img src=x onerror=window.__xss=2>" }).first().waitFor();
  await page.goto(`${cds.url}${RUN}?tab=artifacts`);
  await page.getByText("onerror=window.__xss=36").first().waitFor();
  await page.goto(cds.url);
  await page.locator(".run-row", { hasText: "onerror=window.__xss=2" }).first().waitFor();
});

await step("forms, the palette and addresses", async () => {
  await page.goto(`${cds.url}/project/EVIL/workflow/hostile`);
  await page.getByText("Start a run").click();
  await page.getByRole("dialog").waitFor();
  await page.waitForTimeout(500);
  await clean("start dialog");
  await page.keyboard.press("Escape");
  await page.keyboard.press("/");
  await page.keyboard.type("<img src=x onerror=window.__xss=50>");
  await page.waitForTimeout(500);
  await clean("palette");
  for (const m of MARKUP) {
    await page.goto(`${cds.url}/project/${encodeURIComponent(m)}/workflow/${encodeURIComponent(m)}?node=${encodeURIComponent(m)}&tab=${encodeURIComponent(m)}#${encodeURIComponent(m)}`);
    await page.locator("main .empty-title").first().waitFor();
    await clean(`address of ${m}`);
  }
});

await step("files of jobs are saved, not shown; logs neither", async () => {
  const got = await page.evaluate(async () => {
    const headers = { authorization: `Bearer ${localStorage.getItem("cds.token")}` };
    const base = "/v1/projects/EVIL/workflows/hostile/runs/1";
    const run = await (await fetch(base, { headers })).json();
    const job = run.node_runs[0].stages[0].jobs[0].id;
    const paths = (await (await fetch(`${base}/artifacts`, { headers })).json()).map((a) => `${base}/artifacts/${a.id}`);
    const of = async (path) => {
      const answer = await fetch(path, { headers });
      return Object.fromEntries(["content-type", "content-disposition", "x-content-type-options", "content-security-policy"].map((h) => [h, answer.headers.get(h)]));
    };
    return { files: await Promise.all(paths.map(of)), log: await of(`/v1/jobs/${job}/attempts/1/steps/0/log`) };
  });
  assert.ok(got.files.length >= 2);
  for (const h of got.files) {
    assert.equal(h["content-type"], "application/octet-stream");
    assert.match(h["content-disposition"], /^attachment; filename="[^"<>]*"$|^attachment; filename="[\x20-\x7e]*"$/);
    assert.equal(h["x-content-type-options"], "nosniff");
    assert.match(h["content-security-policy"], /sandbox/);
  }
  assert.match(got.log["content-type"], /^text\/plain/);
  assert.equal(got.log["x-content-type-options"], "nosniff");
  assert.match(got.log["content-security-policy"], /sandbox/);
});

await step("the page's own policy forbids what slipped through", async () => {
  await page.goto(cds.url);
  const run = await page.evaluate(async () => {
    const script = document.createElement("script");
    script.textContent = "window.__inline = 1";
    document.body.append(script);
    const div = document.createElement("div");
    div.innerHTML = "<img src=x onerror='window.__handler = 1'>";
    document.body.append(div);
    await new Promise((r) => setTimeout(r, 500));
    let evaluated = true;
    try {
      new Function("return 1")();
    } catch {
      evaluated = false;
    }
    script.remove();
    div.remove();
    return { inline: window.__inline, handler: window.__handler, evaluated };
  });
  assert.deepEqual(run, { inline: undefined, handler: undefined, evaluated: false });
  // Refused, and told in the console, as it should be here.
  state.faults.length = 0;
});

await step("another site can neither send forms, nor read, nor frame, nor follow", async () => {
  const evil = createServer((_, response) => {
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><title>evil</title><body><form id=f method=post enctype="text/plain" action="${cds.url}/v1/projects"><input name='{"key":"STOLEN","name":"' value='"}'></form><iframe id=i src="${cds.url}/"></iframe></body>`);
  });
  await new Promise((resolve) => evil.listen(0, "127.0.0.1", resolve));
  const other = await chrome.context.newPage();
  const statuses = {};
  other.on("response", (r) => (statuses[`${r.request().method()} ${new URL(r.url()).pathname}`] = r.status()));
  await other.goto(`http://127.0.0.1:${evil.address().port}/`);
  const tried = await other.evaluate(async (url) => {
    const out = {};
    const attempt = (name, promise) => promise.then((r) => (out[name] = r.type === "opaque" ? "opaque" : `read ${r.status}`), () => (out[name] = "failed"));
    await attempt("simple", fetch(`${url}/v1/auth/signout`, { method: "POST", mode: "no-cors", credentials: "include", body: "{}" }));
    await attempt("json", fetch(`${url}/v1/projects`, { method: "POST", credentials: "include", headers: { "content-type": "application/json" }, body: "{}" }));
    await attempt("read", fetch(`${url}/v1/users/me`, { credentials: "include" }));
    await attempt("token", fetch(`${url}/v1/users/me`, { headers: { authorization: "Bearer x" } }));
    out.stream = await new Promise((resolve) => {
      const source = new EventSource(`${url}/v1/events`, { withCredentials: true });
      source.onopen = () => resolve("opened");
      source.onerror = () => resolve("failed");
    });
    let framed;
    try {
      framed = document.getElementById("i").contentDocument?.body?.innerText ?? "unreadable";
    } catch {
      framed = "unreadable";
    }
    out.framed = framed;
    return out;
  }, cds.url);
  assert.deepEqual(tried, { simple: "opaque", json: "failed", read: "failed", token: "failed", stream: "failed", framed: "unreadable" });
  assert.equal(statuses["POST /v1/auth/signout"], 403, JSON.stringify(statuses));
  const shown = await Promise.all(other.frames().slice(1).map((f) => f.locator("body").innerText().catch(() => "")));
  assert.ok(shown.every((text) => !/Sign in to CDS|Runs/.test(text)), `framed: ${shown}`);
  const [answer] = await Promise.all([other.waitForResponse((r) => r.request().method() === "POST" && r.url().endsWith("/v1/projects")), other.evaluate(() => document.getElementById("f").submit())]);
  assert.equal(answer.status(), 403);
  assert.equal((await answer.json()).code, "cross_site");
  await other.close();
  evil.close();
  await page.goto(`${cds.url}/projects`);
  await page.locator("a.tile").first().waitFor();
  assert.equal(await page.getByText("STOLEN").count(), 0);
});

await step("no dialog was opened, no other host was asked", async () => {
  assert.deepEqual(dialogs, []);
  assert.deepEqual(foreign, []);
});

await finish(state, chrome, cds);
await rm(folder, { recursive: true, force: true });
