// What people do with a log: follow it, read back in it, search it, copy from it, on small screens too. Needs
// `npm run build` and the binaries.
import { strict as assert } from "node:assert";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { browser } from "./browser.mjs";
import { signIn, server } from "./server.mjs";
import { accessible, finish, stepper } from "./steps.mjs";

const cds = await server();
const chrome = await browser();
const page = await chrome.context.newPage();
page.setDefaultTimeout(30_000);
const { step, state } = stepper(page);

const folder = await mkdtemp(join(tmpdir(), "cds-log-"));
async function push(name, steps) {
  const files = [
    [`${name}.yml`, `name: ${name}\nversion: v2.0\nworkflow:\n  only: {pipeline: ${name}}\n`],
    [`${name}.pip.yml`, `version: v1.0\nname: ${name}\njobs:\n- job: job\n  steps:\n${steps.map(([title, line]) => `  - name: ${title}\n    script: [${JSON.stringify(line)}]\n`).join("")}`],
  ];
  for (const [file, text] of files) await writeFile(join(folder, file), text);
  await cds.ctl("workflow", "push", "SHOP", ...files.map(([file]) => join(folder, file)), "--skip-update-files");
}
const job = (workflow, run = 1) => `${cds.url}/project/SHOP/workflow/${workflow}/run/${run}/job/0`;

await push("often", [["one", "yes needle | head -n 30000"], ["two", "echo a needle in the last step"]]);
const ESC = "\\033";
await push("looks", [
  ["colours", `for g in 0 1 2 3 4 5 6 7; do printf '${ESC}[3'7';4%sm white on %s ${ESC}[0m ${ESC}[10%sm bright %s ${ESC}[0m\\n' $g $g $g $g; done; printf '${ESC}[7mreversed${ESC}[27m ${ESC}[31;7mreversed red${ESC}[0m ${ESC}[9mstruck out${ESC}[0m\\n'; for c in 16 21 52 88 226 229 231 232 240 250 255; do printf '${ESC}[38;5;%sm own %s ${ESC}[0m${ESC}[2;38;5;%sm dimmed ${ESC}[0m${ESC}[48;5;%sm ground ${ESC}[33m yellow ${ESC}[7m reversed ${ESC}[0m${ESC}[44;38;5;%sm on blue ${ESC}[0m${ESC}[7;38;5;%smback${ESC}[0m\\n' $c $c $c $c $c $c; done; printf '${ESC}[2;31mdim red${ESC}[0m ${ESC}[2mdim${ESC}[0m ${ESC}[38;2;255;255;255mwhite${ESC}[0m ${ESC}[38;2;0;0;0mblack${ESC}[0m ${ESC}[38;2;255;255;0;48;2;250;250;240mpale${ESC}[0m\\n'`],
  ["addresses", `printf 'see https://example.com/a?b=1. javascript:alert(1) https://github.com@evil.example/ ${ESC}]8;;https://evil.example\\007shown${ESC}]8;;\\007\\n'`],
]);
await push("slowly", [["first", "for i in $(seq 1 150); do echo line $i; sleep 0.1; done"], ["second", "for i in $(seq 1 600); do echo more $i; sleep 0.1; done"]]);
await push("grows", [["first", "for i in $(seq 1 300); do echo earlier $i; done"], ["second", "for i in $(seq 1 12); do echo a needle $i; sleep 1; done"], ["third", "echo one more needle"]]);
await push("bars", [["bar", "printf 'begin\\n'; for i in $(seq 1 1500); do printf 'Downloading layer %s of 1500 [#####]\\r' $i; [ $((i % 150)) = 0 ] && sleep 0.3; done; printf '\\nend\\n'; sleep 4"], ["long", "head -c 80000 /dev/zero | tr '\\0' x; echo NEEDLEATEND"]]);
await push("ends", [["prepare", "for i in $(seq 1 200); do echo prepared $i; done"], ["long", "for i in $(seq 1 40); do echo tick $i; sleep 0.2; done"], ["after", "for i in $(seq 1 30); do echo after $i; done"]]);
await cds.ctl("workflow", "run", "SHOP", "often", "--track");
await cds.ctl("workflow", "run", "SHOP", "looks", "--track");
await page.goto(cds.url);
await signIn(page);

const found = (text) => page.locator(".log-found", { hasText: text }).waitFor();
const field = page.getByLabel("Search the whole log");
const scroller = page.locator(".log-scroll");
const inView = () =>
  page.locator(".log-scroll").evaluate((scroller) => {
    const { top, bottom } = scroller.getBoundingClientRect();
    return [...scroller.querySelectorAll(".log-text")].filter((e) => e.getBoundingClientRect().top >= top && e.getBoundingClientRect().bottom <= bottom).map((e) => e.textContent.trim());
  });

await step("search: there are more matches than were counted, and going on reaches them", async () => {
  await page.goto(job("often"));
  await page.locator(".log-text").first().waitFor();
  await field.fill("needle");
  await field.press("Enter");
  await found(/^1 of 2,0\d\d\+/);
  await accessible(page, "search");
  // Backwards from the first one is the last of all, then come those of the first step that are still to be asked for.
  await field.press("Shift+Enter");
  await found(/^2,0\d\d of 2,0\d\d\+/);
  await page.locator(".log-line.found", { hasText: "a needle in the last step" }).waitFor();
  await field.press("Shift+Enter");
  await found(/^30,000 of 30,001$/);
  await page.locator("a.log-n", { hasText: /^30001$/ }).waitFor();
});

await step("search by keyboard: Ctrl+F is the log's, once more the browser's, Escape ends it", async () => {
  await page.locator(".log-scroll").focus();
  await page.evaluate(() => addEventListener("keydown", (e) => (window.taken = e.defaultPrevented)));
  await page.keyboard.press("Control+f");
  assert.equal(await field.evaluate((e) => document.activeElement === e), true);
  assert.equal(await page.evaluate(() => window.taken), true);
  await page.keyboard.press("Control+f");
  assert.equal(await page.evaluate(() => window.taken), false, "the browser's own search is kept from it");
  await page.keyboard.press("Escape");
  assert.equal(await field.inputValue(), "");
  assert.equal(await page.evaluate(() => document.activeElement?.className), "log-scroll");
  await page.keyboard.press("/");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Control+f");
  assert.equal(await page.evaluate(() => window.taken), false);
  await page.keyboard.press("Escape");
});

for (const theme of ["light", "dark"]) {
  await step(`colours: grounds differ and can be read on, reversed, struck out (${theme})`, async () => {
    await page.evaluate((t) => localStorage.setItem("cds.theme", t), theme);
    await page.goto(`${job("looks")}?step=0`);
    await page.locator(".log-text .rev").first().waitFor();
    await accessible(page, "colours");
    const of = (selector, property) => page.locator(selector).first().evaluate((e, p) => getComputedStyle(e)[p], property);
    const grounds = await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map((n) => of(`.log-text .g${n}`, "backgroundColor")));
    assert.equal(new Set(grounds).size, 8, grounds.join(" "));
    assert.match(await of(".log-text .s", "textDecorationLine"), /line-through/);
    const [letters, ground] = [await of(".log-text .rev.f1", "color"), await of(".log-text .rev.f1", "backgroundColor")];
    const plain = await page.locator(".log-scroll").evaluate(() => getComputedStyle(document.querySelector(".log")).backgroundColor);
    assert.equal(letters, plain);
    assert.notEqual(ground, plain);
    if (process.env.E2E_SHOTS) await page.screenshot({ path: `${process.env.E2E_SHOTS}/colours-${theme}.png` });
  });
}

await step("addresses are links that tell nothing and lead where they say; nothing else is one", async () => {
  await page.goto(`${job("looks")}?step=1`);
  await page.locator(".log-text a").first().waitFor();
  const all = await page.locator(".log-text a").evaluateAll((links) => links.map((a) => [a.textContent, a.href, a.target, a.rel]));
  const own = all.filter(([text]) => text.startsWith("https://example.com"));
  assert.ok(own.length >= 1);
  for (const link of own) assert.deepEqual(link, ["https://example.com/a?b=1", "https://example.com/a?b=1", "_blank", "noopener noreferrer nofollow"]);
  assert.deepEqual(all.filter(([, href]) => !/^https:\/\/example\.com\//.test(href)), []);
});

await step("search is live: places in new lines and in steps that begin later are counted, and going on reaches them", async () => {
  await cds.ctl("workflow", "run", "SHOP", "grows");
  await page.goto(`${job("grows")}?step=1`);
  await page.locator(".log-text", { hasText: /^a needle 2/ }).first().waitFor();
  await field.fill("needle");
  await field.press("Enter");
  await found(/^1 of \d$/);
  const count = async () => Number(/of (\d+)/.exec(await page.locator(".log-found").innerText())?.[1]);
  const before = await count();
  await page.waitForFunction((n) => Number(/of (\d+)/.exec(document.querySelector(".log-found").innerText)?.[1]) > n, before);
  assert.match(await page.locator(".log-found").innerText(), /^1 of /, "a count that grows moves nobody");
  // Faster than they are printed: it comes to the last one, and then to the next.
  for (let last = 0; last < before + 2; ) {
    await field.press("Enter");
    await page.waitForTimeout(250);
    last = Math.max(last, Number(/^(\d+)/.exec(await page.locator(".log-found").innerText())?.[1]));
  }
  await page.locator(".log-head", { hasText: "third" }).first().waitFor();
  await page.waitForFunction(() => document.title.startsWith("Succeeded"));
  await found(/of 13$/);
  for (let i = 0; i < 13 && !/^13 of/.test(await page.locator(".log-found").innerText()); i++) await field.press("Enter"), await page.waitForTimeout(100);
  await page.locator(".log-line.found", { hasText: "one more needle" }).waitFor();
});

await step("a progress bar shows its last state, live and afterwards, and a place behind the cut is told", async () => {
  await cds.ctl("workflow", "run", "SHOP", "bars");
  await page.goto(job("bars"));
  await page.locator(".log-text", { hasText: "Downloading layer 1500 of 1500" }).waitFor();
  assert.equal(await page.locator(".log-cut").count(), 0);
  await page.waitForFunction(() => document.title.startsWith("Succeeded"));
  await page.goto(`${job("bars")}?step=1`);
  await page.locator(".log-cut").waitFor();
  await field.fill("NEEDLEATEND");
  await field.press("Enter");
  await page.locator(".log-line.found .log-beyond").waitFor();
  assert.ok((await page.locator(".log-beyond").boundingBox()).width > 100);
  await accessible(page, "a place behind the cut");
  if (process.env.E2E_SHOTS) await page.screenshot({ path: `${process.env.E2E_SHOTS}/log-beyond.png` });
});

await step("a link to a step that has ended leads to its begin and stays there, also when its job ends", async () => {
  await page.setViewportSize({ width: 1360, height: 500 });
  await cds.ctl("workflow", "run", "SHOP", "ends");
  await page.goto(`${cds.url}/project/SHOP/workflow/ends/run/1`);
  await page.locator(".steps .step", { hasText: "long" }).locator(".status-icon.busy").waitFor();
  await page.locator(".steps .step", { hasText: "prepare" }).click();
  await page.locator(".log-text", { hasText: /^prepared 2\s*$/ }).waitFor();
  const begin = await inView();
  assert.ok(begin.includes("prepared 2"), begin.join());
  await page.waitForTimeout(1500);
  assert.deepEqual(await inView(), begin);
  // Another tab reads the end of the running one, whose job ends meanwhile.
  const tab = await chrome.context.newPage();
  await tab.goto(`${job("ends")}?step=1`);
  await tab.waitForFunction(() => document.title.startsWith("Succeeded"));
  await tab.locator(".log-text", { hasText: /^after 30\s*$/ }).waitFor();
  await tab.waitForTimeout(500);
  assert.deepEqual(await tab.locator(".log-lines .log-head > button[aria-expanded]").evaluateAll((all) => all.map((b) => b.getAttribute("aria-expanded"))).then((all) => all.slice(-1)), ["true"]);
  assert.ok((await tab.locator(".log-text", { hasText: /^after 30\s*$/ }).boundingBox()).y < 860);
  await tab.close();
  assert.deepEqual(await inView(), begin);
  await page.setViewportSize({ width: 1360, height: 860 });
});

const number = (n) => page.locator(`a.log-n[data-line="${n - 1}"]`);
const hash = (wanted) => page.waitForFunction((h) => location.hash === h, wanted);

await step("links to lines by keyboard: one stop of Tab, arrows go, Enter marks, Shift makes a range", async () => {
  await page.goto(`${job("ends")}?step=0`);
  await page.locator(".log-text", { hasText: /^prepared 2\s*$/ }).waitFor();
  assert.equal(await page.locator('a.log-n[tabindex="0"]').count(), 1);
  await scroller.focus();
  for (let i = 0; i < 6 && !(await page.evaluate(() => document.activeElement.matches("a.log-n"))); i++) await page.keyboard.press("Tab");
  const focused = () => page.evaluate(() => Number(document.activeElement.dataset.line) + 1);
  const first = await focused();
  for (let i = 0; i < 60; i++) await page.keyboard.press("ArrowDown");
  assert.equal(await focused(), first + 60, "far below what was in view");
  const box = await number(first + 60).boundingBox();
  const of = await scroller.boundingBox();
  assert.ok(box.y >= of.y && box.y + box.height <= of.y + of.height + 2, "what has the keyboard is in view");
  await page.keyboard.press("Enter");
  await hash(`#L${first + 60}`);
  for (let i = 0; i < 3; i++) await page.keyboard.press("Shift+ArrowDown");
  await hash(`#L${first + 60}-${first + 63}`);
  for (let i = 0; i < 4; i++) await page.keyboard.press("Shift+ArrowUp");
  await hash(`#L${first + 59}-${first + 60}`);
  await page.locator(".log-marks", { hasText: `Lines ${first + 59}–${first + 60}` }).waitFor();
  await page.keyboard.press("PageUp");
  await page.keyboard.press("ArrowUp");
  assert.ok((await focused()) < first + 50);
  const last = await focused();
  await page.keyboard.press("Shift+Enter");
  await hash(`#L${last}-${first + 60}`);
  await accessible(page, "marked lines");
  if (process.env.E2E_SHOTS) await page.screenshot({ path: `${process.env.E2E_SHOTS}/log-marks.png` });
  await page.keyboard.press("End");
  await page.waitForTimeout(300);
  assert.equal(await page.evaluate(() => document.activeElement.className), "log-scroll", "the keyboard is not lost with the line");
  await page.getByRole("button", { name: "Unmark" }).click();
  await page.waitForFunction(() => location.hash === "" && !document.querySelector(".log-line.marked"));
});

await step("links to lines without Shift: a second line offers all from the first", async () => {
  await page.goto(`${job("ends")}?step=0`);
  await number(12).click();
  await hash("#L12");
  await number(5).click();
  await hash("#L5");
  await page.getByRole("button", { name: "Mark lines 5–12" }).click();
  await hash("#L5-12");
  assert.equal(await page.getByRole("button", { name: /^Mark lines/ }).count(), 0);
  await number(14).click({ modifiers: ["Shift"] });
  await hash("#L12-14");
  await accessible(page, "a range");
});

await step("heads of steps: each is there once, in order, and says how its step went", async () => {
  const heads = page.locator(".log-head > button[aria-expanded]");
  const names = async () => (await heads.evaluateAll((all) => all.map((b) => b.textContent.replace(/\d.*/, ""))));
  await page.goto(`${job("ends")}?step=1`);
  await page.locator(".log-text", { hasText: /^tick 2\s*$/ }).waitFor();
  await page.getByRole("button", { name: "long Succeeded" }).waitFor();
  assert.deepEqual(await names(), ["prepareSucceeded", "longSucceeded", "afterSucceeded"]);
  // Its place is above the view, and it is seen all the same.
  await scroller.evaluate((e) => (e.scrollTop = 300));
  await page.waitForFunction(() => document.querySelector(".log-head.stuck"));
  const offset = async () => (await page.locator(".log-head.stuck").boundingBox()).y - (await scroller.boundingBox()).y;
  assert.ok(Math.abs(await offset()) < 1, `${await offset()}`);
  assert.deepEqual(await names(), ["prepareSucceeded", "longSucceeded", "afterSucceeded"]);
  // So far above that it is not drawn.
  await page.goto(`${job("ends")}?step=0#L150`);
  await number(150).waitFor();
  await page.waitForFunction(() => document.querySelector(".log-head.stuck.beyond"));
  assert.ok(Math.abs(await offset()) < 1, `${await offset()}`);
  assert.equal((await names())[0], "prepareSucceeded");
  const [line, first] = [await number(150).boundingBox(), await page.locator(".log-drawn").boundingBox()];
  const from = await page.locator("a.log-n").first().getAttribute("data-line");
  assert.ok(Math.abs(line.y - first.y - (149 - Number(from)) * 20) <= 2, "a head in view takes no room from the lines");
  await accessible(page, "heads of steps");
  if (process.env.E2E_SHOTS) await page.screenshot({ path: `${process.env.E2E_SHOTS}/log-heads.png` });
});

await step("the way back leads to where one was in the log", async () => {
  await page.setViewportSize({ width: 1360, height: 500 });
  await page.goto(`${job("ends")}?step=1#L3`);
  await number(3).waitFor();
  await page.getByRole("button", { name: /^prepare/ }).click();
  await scroller.evaluate((e) => (e.scrollTop = 2000));
  await page.locator(".log-text", { hasText: /^prepared 100\s*$/ }).waitFor();
  const before = await inView();
  await page.getByRole("link", { name: "#1" }).click();
  await page.locator(".node-panel").waitFor();
  await page.goBack();
  await page.locator(".log-text", { hasText: before[Math.floor(before.length / 2)] }).waitFor();
  await page.waitForFunction((middle) => {
    const box = document.querySelector(".log-scroll").getBoundingClientRect();
    const at = [...document.querySelectorAll(".log-text")].find((e) => e.textContent.trim() === middle)?.getBoundingClientRect();
    return at && at.top > box.top && at.bottom < box.bottom;
  }, before[Math.floor(before.length / 2)]);
  // A link, as opposed to the way back, leads where it says.
  await page.getByRole("link", { name: "#1" }).click();
  await page.locator(".steps .step", { hasText: "after" }).click();
  await page.locator(".log-text", { hasText: /^after 2\s*$/ }).waitFor();
  await page.setViewportSize({ width: 1360, height: 860 });
});

const follow = page.getByRole("button", { name: "Follow" });
const followed = (on) => page.waitForFunction((on) => [...document.querySelectorAll("button")].find((b) => b.textContent === "Follow")?.getAttribute("aria-pressed") === String(on), on);
/** A second later, after some ten new lines, the same lines are in view. */
async function stays() {
  // Keys scroll by and by.
  let before, now;
  for (const deadline = Date.now() + 10_000; ; now = before) {
    before = await inView();
    if (String(before) === String(now) || Date.now() > deadline) break;
    await page.waitForTimeout(250);
  }
  await page.waitForTimeout(1000);
  assert.deepEqual(await inView(), before);
}

await step("follow: scrolling up by any means ends it, reaching the end begins it", async () => {
  await page.setViewportSize({ width: 1360, height: 500 });
  await cds.ctl("workflow", "run", "SHOP", "slowly");
  await page.goto(job("slowly"));
  await page.waitForFunction(() => [...document.querySelectorAll(".log-text")].some((e) => e.textContent.trim() === "line 40"));
  await followed(true);
  const ways = {
    // What dragging the scroll bar does: the box is moved, and nothing else is heard.
    "the scroll bar": () => scroller.evaluate((e) => (e.scrollTop -= 150)),
    "the wheel": async () => (await scroller.hover(), await page.mouse.wheel(0, -150)),
    "a key": () => scroller.press("PageUp"),
  };
  for (const [way, up] of Object.entries(ways)) {
    await up();
    await followed(false).catch(() => assert.fail(`${way} leaves Follow on`));
    await stays();
    await scroller.evaluate((e) => (e.scrollTop = e.scrollHeight));
    await followed(true).catch(() => assert.fail(`after ${way}, reaching the end leaves Follow off`));
  }
  await scroller.evaluate((e) => (e.scrollTop -= 150));
  await followed(false);
  await follow.click();
  await followed(true);
});

await step("follow: what is selected stays selected and in view", async () => {
  const line = page.locator(".log-text").nth((await page.locator(".log-text").count()) - 5);
  const { x, y } = await line.boundingBox();
  await page.mouse.move(x + 2, y + 10);
  await page.mouse.down();
  // Lines come while the button is down.
  await page.waitForTimeout(400);
  await page.mouse.move(x + 60, y + 10, { steps: 4 });
  await page.mouse.up();
  const selected = () => page.evaluate(() => getSelection().toString());
  const text = await selected();
  assert.ok(text.length > 3, text);
  await stays();
  await page.waitForTimeout(2000);
  assert.equal(await selected(), text);
});

await step("times: a line that is read late has the time at which it was printed", async () => {
  const tab = await chrome.context.newPage();
  // As after a cut: what comes now is an hour old.
  const old = Date.now() - 3_600_000;
  await tab.route(/\/follow\?/, (route) => {
    const offset = Number(new URL(route.request().url()).searchParams.get("offset"));
    return route.fulfill({ contentType: "text/event-stream", body: `event: bytes\ndata: ${JSON.stringify({ offset, text: "\nprinted then\n", at_ms: old })}\n\n` });
  });
  await tab.goto(job("slowly"));
  await tab.getByRole("button", { name: "Times" }).click();
  const line = tab.locator(".log-line", { hasText: "printed then" }).first();
  await line.waitFor();
  assert.equal(await line.locator("time").innerText(), await tab.evaluate((ms) => new Date(ms).toTimeString().slice(0, 8) + `.${String(ms % 1000).padStart(3, "0")}`, old));
  await tab.getByRole("button", { name: "Times" }).click();
  await tab.close();
});

await step("a step that is being read does not close when the next one begins", async () => {
  await page.waitForFunction(async () => {
    const answer = await fetch("/v1/projects/SHOP/workflows/slowly/runs/1", { headers: { authorization: `Bearer ${localStorage.getItem("cds.token")}` } });
    return /"name":"second"[^{}]*"status":"Building"|"status":"Building"[^{}]*"name":"second"/.test(JSON.stringify(await answer.json()));
  }, undefined, { polling: 500 });
  await page.waitForTimeout(1000);
  assert.ok((await inView()).some((t) => /^line \d+/.test(t)), (await inView()).join());
  await follow.click();
  await page.locator(".log-text", { hasText: /^more \d+/ }).first().waitFor();
});

await step("small windows: the log has the room, and the end that is followed is seen", async () => {
  for (const [width, height, least] of [[640, 400, 260], [390, 844, 600], [1280, 480, 380]]) {
    await page.setViewportSize({ width, height });
    await page.goto(job("slowly"));
    await page.locator(".log-text", { hasText: /^more \d+/ }).first().waitFor();
    await page.waitForTimeout(500);
    const seen = await scroller.evaluate((e) => {
      const bar = document.querySelector(".sidebar nav").getBoundingClientRect();
      const end = getComputedStyle(document.querySelector(".sidebar nav")).position === "fixed" ? bar.top : innerHeight;
      const box = e.getBoundingClientRect();
      return Math.min(box.bottom, end) - Math.max(0, box.top);
    });
    assert.ok(seen >= least, `${width}x${height}: ${seen} px of the log are seen`);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0);
    if (process.env.E2E_SHOTS) await page.screenshot({ path: `${process.env.E2E_SHOTS}/log-${width}.png` });
    await accessible(page, `log ${width}x${height}`);
  }
});

await rm(folder, { recursive: true, force: true });
await finish(state, chrome, cds);
