// The flows of a user in a real browser against the real server. Needs `npm run build` and the binaries.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { strict as assert } from "node:assert";
import { browser } from "./browser.mjs";
import { PASSWORD, server } from "./server.mjs";

const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const cds = await server();
const chrome = await browser();
const page = await chrome.context.newPage();
// Generous: other work may share the machine.
page.setDefaultTimeout(60_000);
const faults = [];
page.on("pageerror", (e) => faults.push(e.message));
page.on("console", (m) => m.type() === "error" && /Content.Security|Uncaught/.test(m.text()) && faults.push(m.text()));
let passed = 0;

async function step(name, body) {
  const began = Date.now();
  try {
    await body();
    passed++;
    console.log(`ok   ${name} (${Date.now() - began} ms)`);
  } catch (e) {
    console.log(`FAIL ${name}\n${e.stack}`);
    await page.screenshot({ path: process.env.E2E_SHOTS ? `${process.env.E2E_SHOTS}/failed-${passed}.png` : "/dev/null", type: "png" }).catch(() => undefined);
    process.exitCode = 1;
  }
}

async function accessible(what) {
  await page.evaluate(axeSource);
  const found = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
  const lines = found.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 4).map((n) => `${n.target.join(" ")} (${n.any[0]?.message ?? ""})`).join("; ")}`);
  assert.deepEqual(lines, [], `${what}:\n${lines.join("\n")}`);
}

const theme = (value) => page.evaluate((t) => localStorage.setItem("cds.theme", t), value);
const text = (selector) => page.locator(selector).first().innerText();

await step("log in: a wrong password says so, the right one opens the runs", async () => {
  await page.goto(cds.url);
  await accessible("login");
  await page.fill("input[name=username]", "admin");
  await page.fill("input[name=password]", "wrong");
  await page.click("button[type=submit]");
  await page.waitForSelector("[role=alert]");
  await page.fill("input[name=password]", PASSWORD);
  await page.click("button[type=submit]");
  await page.waitForSelector("text=Nothing has run yet");
  await page.waitForSelector(".live.live");
});

await step("start a run with another payload and watch the graph", async () => {
  await page.goto(`${cds.url}/project/SHOP/workflow/release`);
  await page.click("text=Start a run");
  await page.getByLabel("git.branch").fill("feature/x");
  await accessible("start dialog");
  await page.getByRole("dialog").getByRole("button", { name: "Start", exact: true }).click();
  await page.waitForURL(/\/run\/1/);
  await page.waitForSelector(".gnode.good >> text=build");
  await page.waitForSelector("h1 >> text=#1");
  await page.waitForFunction(() => document.title.startsWith("Failed"), undefined, { timeout: 90_000 });
  assert.match(await text(".facts"), /feature\/x/);
  assert.match(await page.locator("#favicon").getAttribute("href"), /^data:image\/svg/);
});

await step("a node that did not run shows its condition and the value that decided", async () => {
  await page.goto(`${cds.url}/project/SHOP/workflow/release/run/1?node=hotfix`);
  assert.match(await text(".reason"), /git\.branch \("feature\/x"\) regex "\^hotfix\/": false/);
});

await step("tests, artifacts, and what happened", async () => {
  await page.getByRole("tab", { name: /Tests/ }).click();
  await page.waitForSelector("text=expected 90, got 100");
  await accessible("tests");
  await page.getByRole("tab", { name: /Artifacts/ }).click();
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: /Download shop/ }).click()]);
  assert.equal(file.suggestedFilename(), "shop-1.4.2.tar.gz");
  await page.getByRole("tab", { name: /What happened/ }).click();
  await page.waitForSelector(".infos >> text=has been started");
});

await step("what went wrong stands on top, with a link to the lines that tell it", async () => {
  await page.goto(`${cds.url}/project/SHOP/workflow/release/run/1`);
  const wrong = page.locator(".went-wrong li", { hasText: "timeout after 30 s" });
  await wrong.waitFor();
  assert.match(await wrong.innerText(), /exit status 3/);
  assert.ok(!(await wrong.innerText()).includes("End of step"));
  assert.equal(await page.locator(".went-wrong img").count(), 0);
  await accessible("what went wrong");
  await wrong.getByRole("link", { name: "browser" }).click();
  await page.waitForURL(/\/job\/\d+\?step=0#L\d+-\d+$/);
  await page.waitForSelector(".log-line.marked >> text=timeout after 30 s");
});

await step("restart only the failed jobs; buttons that can't be used say why", async () => {
  await page.goto(`${cds.url}/project/SHOP/workflow/release/run/1?node=build`);
  const failedOnly = page.getByRole("button", { name: "Restart failed jobs" });
  await failedOnly.waitFor();
  await page.waitForFunction(() => /No job of this node failed/.test(document.querySelector(".node-head .actions")?.innerHTML ?? ""));
  assert.equal(await failedOnly.getAttribute("aria-disabled"), "true");
  assert.match(await page.getByRole("button", { name: "Stop", exact: true }).getAttribute("aria-description"), /ended already/);
  await page.goto(`${cds.url}/project/SHOP/workflow/release/run/1?node=browser`);
  await page.locator(".node-head button:not([aria-disabled])", { hasText: "Restart failed jobs" }).click();
  await page.waitForSelector("text=Execution");
  await page.waitForSelector(".gnode-again");
});

await step("the log: colours, no markup, no title from the job", async () => {
  await page.goto(`${cds.url}/project/SHOP/workflow/release/run/1?node=browser`);
  await page.locator(".job-name", { hasText: "browser" }).first().click();
  await page.waitForSelector(".log-text >> text=timeout after 30 s");
  assert.equal(await page.locator(".log .f1", { hasText: "Error:" }).count(), 1);
  assert.equal(await page.locator(".log img").count(), 0);
  assert.ok((await page.locator(".log").innerText()).includes("<img src=x onerror=document.title=1>"));
  assert.ok(!(await page.title()).includes("stolen"));
  await accessible("log");
});

await step("a job's page: what failed is restarted from there, and a link leads to what runs instead", async () => {
  const before = page.url();
  const again = page.locator(".page-head button:not([aria-disabled])", { hasText: "Restart failed jobs" });
  await again.click();
  await page.getByText(/^This is execution 1\.1; /).waitFor();
  assert.equal(page.url(), before);
  // What would be done here is done to the newer one: there it is offered.
  assert.equal(await page.getByRole("button", { name: "Restart failed jobs" }).count(), 0);
  await page.locator(".job-again").getByRole("link", { name: "1.2" }).click();
  await again.waitFor();
  assert.notEqual(page.url(), before);
});

await step("a link to lines marks them and brings them into view", async () => {
  await page.goto(`${cds.url}/project/SHOP/workflow/release/run/1/job/0?step=1#L300-303`);
  await page.waitForSelector(".log-line.marked");
  assert.equal(await page.locator(".log-line.marked").count(), 4);
  assert.ok(await page.locator(".log-line.marked").first().isVisible());
  await page.getByLabel("Line 305", { exact: true }).click({ modifiers: ["Shift"] });
  // What it leads to is the same once the job has another attempt.
  await page.waitForURL(/attempt=1#L300-305$/);
});

await step("search over the whole log", async () => {
  await page.getByLabel("Search the whole log").fill("number 399");
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=1 of 1");
  await page.waitForSelector(".log mark >> text=number 399");
});

let live;
await step("colours go on over lines", async () => {
  await page.goto(`${cds.url}/project/SHOP/workflow/release/run/1?node=browser`);
  await page.locator(".job-name", { hasText: "browser" }).first().click();
  await page.waitForSelector(".log-text .f2 >> text=still green");
  assert.equal(await page.locator(".log-text .f2", { hasText: "opening the shop" }).count(), 0);
});

/** Waits for a line that says just this. */
const line = (text, selector = ".log-text") => page.waitForFunction(([s, t]) => [...document.querySelectorAll(s)].some((e) => e.textContent?.trim() === t), [selector, text]);

await step("a log of 600,000 lines: its end, its middle, a link into it, the file", async () => {
  await cds.ctl("workflow", "run", "SHOP", "large", "--track");
  const log = `${cds.url}/project/SHOP/workflow/large/run/1/job/0?step=0`;
  await page.goto(log);
  await line("1");
  const scroller = page.locator(".log-scroll");
  await scroller.press("End");
  await line("600000");
  await scroller.evaluate((e) => (e.scrollTop = e.scrollHeight / 2));
  await line("300000");
  await page.mouse.move(700, 500);
  for (let i = 0; i < 5; i++) await page.mouse.wheel(0, 100);
  await line("300020");
  const shown = await page.locator(".log-line:not(:has(.log-wait)) .log-text").allInnerTexts();
  for (let i = 1; i < shown.length; i++) assert.equal(Number(shown[i]), Number(shown[i - 1]) + 1);
  await page.goto(`${log}#L599999-600001`);
  await line("600000", ".log-line.marked .log-text");
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Raw log of count" }).click()]);
  assert.equal(file.suggestedFilename(), "large-1-job-0.log");
  assert.match(await readFile(await file.path(), "utf8"), /\n1\n2\n3\n[\d\n]*\n599999\n600000\n/);
});

await step("a hundred thousand runs: the list jumps to its middle and to its end", async () => {
  const runs = new RegExp("/v1/projects/SHOP/workflows/release/runs\\?");
  await page.route(runs, async (route) => {
    const asked = new URL(route.request().url()).searchParams;
    const [model] = await (await fetch(`${cds.url}/v1/projects/SHOP/workflows/release/runs?limit=1`, { headers: { authorization: await route.request().headerValue("authorization") } })).json();
    const [offset, limit] = [Number(asked.get("offset")), Number(asked.get("limit"))];
    const body = Array.from({ length: Math.min(limit, 100_000 - offset) }, (_, i) => ({ ...model, id: `run-${offset + i}`, number: 100_000 - offset - i }));
    await route.fulfill({ json: body, headers: { "x-total-count": "100000" } });
  });
  await page.goto(`${cds.url}/project/SHOP/workflow/release`);
  await page.waitForSelector(".run-row >> text=/^#100000/");
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight / 2));
  await page.waitForSelector(".run-row >> text=/#(49|50)\\d{3}/");
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await page.waitForSelector(".run-row >> text=/^#1(\\.\\d+)?$/");
  assert.ok((await page.locator(".run-row").count()) < 60);
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

await step("watch a log live", async () => {
  await cds.ctl("workflow", "run", "SHOP", "nightly");
  live = `${cds.url}/project/SHOP/workflow/nightly/run/1`;
  await page.goto(`${live}?node=long`);
  await page.locator(".job-name", { hasText: "long" }).click();
  await page.waitForSelector(".log-text >> text=/line \\d+ of a slow job/");
  const lags = await page.evaluate(async () => {
    // The job prints the time in each line.
    const lags = [];
    const seen = new Set();
    const end = Date.now() + 30_000;
    while (Date.now() < end && lags.length < 16) {
      for (const el of document.querySelectorAll(".log-text")) {
        const at = /at (\d{13})/.exec(el.textContent ?? "")?.[1];
        if (at && !seen.has(at)) {
          seen.add(at);
          if (seen.size > 30 || Date.now() - Number(at) < 2000) lags.push(Date.now() - Number(at));
        }
      }
      await new Promise((r) => setTimeout(r, 10));
    }
    return lags.slice(-12);
  });
  lags.sort((a, b) => a - b);
  const median = lags[Math.floor(lags.length / 2)];
  console.log(`     median lag ${median} ms, worst ${lags.at(-1)} ms of ${lags.length} lines`);
  assert.ok(lags.length >= 10, `lags ${lags}`);
});

await step("the server is lost and comes back: no line is missing, none is double", async () => {
  await cds.stop("SIGKILL");
  await page.waitForSelector(".live.cut");
  await cds.start();
  const back = Date.now();
  await page.waitForSelector(".live.live", { timeout: 60_000 });
  console.log(`     the page is live again ${Date.now() - back} ms after the server`);
  const before = Number(/line (\d+) of/.exec(await page.locator(".log-text").last().innerText())?.[1] ?? 0);
  await page.waitForFunction(
    (n) => [...document.querySelectorAll(".log-text")].some((el) => Number(/line (\d+) of/.exec(el.textContent ?? "")?.[1]) > n + 5),
    before,
    { timeout: 90_000 },
  );
  const numbers = await page.locator(".log-text").evaluateAll((all) => all.map((el) => Number(/line (\d+) of/.exec(el.textContent ?? "")?.[1])).filter((n) => n > 0));
  for (let i = 1; i < numbers.length; i++) assert.equal(numbers[i], numbers[i - 1] + 1, `lines ${numbers}`);
  assert.ok(numbers.length > 10);
});

await step("queue: what waits and why", async () => {
  await page.goto(`${cds.url}/queue`);
  await page.waitForSelector("text=nvidia-smi");
  await page.waitForSelector(".queue-job >> text=long");
  await accessible("queue");
});

await step("workers and hatcheries", async () => {
  await page.goto(`${cds.url}/fleet`);
  await page.waitForSelector("td >> text=Working");
  const column = page.getByRole("columnheader", { name: "Jobs done" });
  const done = async () => (await page.locator("tbody tr td:nth-child(6)").allInnerTexts()).map(Number);
  const sorted = { ascending: (a, b) => a - b, descending: (a, b) => b - a };
  const ways = [];
  for (let i = 0; i < 2; i++) {
    await column.getByRole("button").press("Enter");
    const is = await column.getAttribute("aria-sort");
    ways.push(is);
    const shown = await done();
    assert.deepEqual(shown, [...shown].sort(sorted[is]));
  }
  assert.deepEqual(ways.sort(), ["ascending", "descending"]);
  await accessible("fleet");
});

await step("stop the run", async () => {
  await page.goto(live);
  await page.locator("button:not([aria-disabled])", { hasText: /^Stop$/ }).click();
  await page.waitForSelector(".facts >> text=Stopped");
});

await step("a gate: the run waits for a person, who approves with one click", async () => {
  await cds.ctl("workflow", "run", "SHOP", "gated", "--track");
  await page.goto(`${cds.url}/project/SHOP/workflow/gated/run/1?node=ship`);
  await page.waitForSelector("text=It waits for somebody to start it by hand");
  await accessible("gate");
  await page.getByRole("button", { name: "Approve: start node" }).click();
  await page.waitForSelector(".gnode.good >> text=ship");
  await page.waitForFunction(() => document.title.startsWith("Succeeded"));
});

await step("what changed: the runs since the last green one", async () => {
  await cds.ctl("workflow", "run", "SHOP", "gated", "--data", JSON.stringify({ "git.hash": "4f2a9c1d7e", "git.message": "Ship it\nat last", "git.author": "grace" }), "--track");
  await page.goto(`${cds.url}/project/SHOP/workflow/gated/run/2?tab=changes`);
  await page.waitForSelector("text=the last run that went well");
  const row = await page.locator("tr", { hasText: "this run" }).innerText();
  assert.match(row, /4f2a9c1d\b/);
  assert.match(row, /Ship it/);
  assert.match(row, /grace/);
  await page.waitForSelector("td >> text=git.message");
  await accessible("changes");
});

await step("command palette by keyboard", async () => {
  await page.goto(cds.url);
  await page.waitForSelector(".run-row");
  await page.keyboard.press("/");
  await page.keyboard.type("nightly");
  await page.waitForSelector('[role=option][data-highlighted] >> text=nightly');
  await accessible("palette");
  await page.keyboard.press("Enter");
  await page.waitForURL(/workflow\/nightly/);
});

await step("pages: the keyboard goes to the content, the way back to where one was, filters are in the address", async () => {
  await page.setViewportSize({ width: 1360, height: 300 });
  await page.goto(cds.url);
  await page.waitForSelector(".run-row");
  await page.evaluate(() => scrollTo(0, 160));
  await page.locator(".run-row", { hasText: "nightly" }).focus();
  const place = await page.evaluate(() => scrollY);
  assert.ok(place > 0);
  await page.keyboard.press("Enter");
  await page.waitForURL(/workflow\/nightly\/run\/1$/);
  await page.waitForFunction(() => document.activeElement?.id === "content");
  await page.goBack();
  await page.waitForFunction((y) => scrollY === y, place);
  await page.goto(`${cds.url}/?branch=feature%2Fx&nothing=known`);
  await page.waitForSelector(".run-row >> text=release");
  assert.equal(await page.getByLabel("Branch").inputValue(), "feature/x");
  assert.equal(await page.locator(".run-row").count(), 1);
  await page.getByLabel("Branch").fill("");
  await page.waitForFunction(() => location.search === "?nothing=known");
  for (const path of ["/project/%E0%A4%A", "/project/SHOP/workflow/release/run/1/job/99?step=x&attempt=-1#L", "/project/SHOP/nothing"]) {
    await page.goto(cds.url + path);
    await page.locator("main .empty-title").waitFor();
  }
  await page.setViewportSize({ width: 1360, height: 860 });
});

await step("the history of a workflow by author and by tag: chosen by keyboard, written, lifted", async () => {
  await page.goto(`${cds.url}/project/SHOP/workflow/release`);
  await page.waitForSelector(".run-row");
  const [author, tag] = [page.getByRole("combobox", { name: "Author" }), page.getByRole("combobox", { name: "Tag" })];
  await author.pressSequentially("ad");
  await page.getByRole("option", { name: "ada" }).or(page.getByRole("option", { name: "admin" })).first().waitFor();
  // The rest of the page stays there for readers of screens.
  assert.equal(await page.locator("main").evaluate((e) => e.closest("[aria-hidden=true], [inert]")), null);
  await accessible("suggestions");
  await page.keyboard.press("ArrowDown");
  const name = await page.locator("[role=option][data-highlighted]").innerText();
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.searchParams.get("author") === name);
  await page.waitForSelector(".run-row");
  await tag.fill("version:9.9.9");
  await tag.press("Enter");
  await page.getByText("No run matches").waitFor();
  assert.equal(new URL(page.url()).searchParams.get("tag"), "version:9.9.9");
  await tag.fill("version:1.4.2");
  await tag.press("Enter");
  await page.waitForSelector(".run-row");
  // The address is the state: who gets it sees the same.
  await page.reload();
  await page.waitForSelector(".run-row");
  assert.equal(await tag.inputValue(), "version:1.4.2");
  await author.fill("nobody at all");
  await author.press("Tab");
  await page.getByText("No run matches").waitFor();
  await page.getByRole("button", { name: "Show all runs" }).click();
  await page.waitForFunction(() => location.search === "");
  await page.waitForSelector(".run-row");
});

await step("a run whose record can't be read: its page says why, and stops it", async () => {
  await cds.ctl("workflow", "run", "SHOP", "nightly");
  await page.goto(`${cds.url}/project/SHOP/workflow/nightly/run/2?node=long`);
  await page.locator(".job-name", { hasText: "long" }).waitFor();
  await cds.stop();
  await cds.sql("UPDATE run SET head = '!' || head WHERE number = 2 AND final = 0");
  await cds.start();
  await page.goto(`${cds.url}/project/SHOP/workflow/nightly/run/2`);
  await page.getByText("This run is set aside: its record").waitFor();
  await accessible("a run that is set aside");
  await page.getByRole("button", { name: "Take up again" }).click();
  await page.locator(".toast.error", { hasText: "can't be read" }).waitFor();
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await page.getByText("This run was stopped").waitFor();
  const { stdout } = await cds.ctl("workflow", "history", "SHOP", "nightly");
  assert.match(stdout, /Stopped/);
  await page.goto(`${cds.url}/project/SHOP/workflow/nightly`);
  await page.locator(".run-row", { hasText: "#2" }).getByText("set aside").waitFor();
});

for (const [name, path] of [["home", "/"], ["projects", "/projects"], ["project", "/project/SHOP"], ["workflow", "/project/SHOP/workflow/release"], ["run", "/project/SHOP/workflow/release/run/1"], ["log", "/project/SHOP/workflow/release/run/1/job/0"], ["not found", "/nowhere"]]) {
  for (const value of ["light", "dark"]) {
    await step(`accessible: ${name}, ${value}`, async () => {
      await theme(value);
      await page.goto(cds.url + path);
      await page.waitForSelector("main#content h1, .empty-title");
      await page.waitForTimeout(500);
      await accessible(`${name} ${value}`);
    });
  }
}

await step("a phone has no sideways scrolling", async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  for (const path of ["/", "/project/SHOP/workflow/release", "/project/SHOP/workflow/release/run/1", "/project/SHOP/workflow/release/run/1/job/0", "/queue", "/fleet"]) {
    await page.goto(cds.url + path);
    await page.waitForTimeout(600);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${path} is ${over} px too wide`);
  }
});

await step("no fault in the console, nothing refused by the content policy", async () => assert.deepEqual(faults, []));

console.log(`${passed} passed`);
await chrome.close();
await cds.close();
