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
await cds.ctl("workflow", "run", "SHOP", "often", "--track");
await cds.ctl("workflow", "run", "SHOP", "looks", "--track");
await page.goto(cds.url);
await signIn(page);

const found = (text) => page.locator(".log-found", { hasText: text }).waitFor();
const field = page.getByLabel("Search the whole log");
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
  // The second step has one, and so has the line that names the first one's command.
  await found(/^1 of 2,0\d\d\+/);
  await accessible(page, "search");
  // Backwards from the first one is the last of all, then come those of the first step that are still to be asked for.
  await field.press("Shift+Enter");
  await found(/^2,0\d\d of 2,0\d\d\+/);
  await page.locator(".log-line.found", { hasText: "a needle in the last step" }).waitFor();
  for (let i = 0; i < 8 && /\+$/.test(await page.locator(".log-found").innerText()); i++) {
    const before = await page.locator(".log-found").innerText();
    await field.press("Shift+Enter");
    await page.waitForFunction((old) => document.querySelector(".log-found").innerText !== old, before);
  }
  await found(/of 30,00\d$/);
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

const follow = page.getByRole("button", { name: "Follow" });
const followed = (on) => page.waitForFunction((on) => [...document.querySelectorAll("button")].find((b) => b.textContent === "Follow")?.getAttribute("aria-pressed") === String(on), on);
const scroller = page.locator(".log-scroll");
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
