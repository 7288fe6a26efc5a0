// The demo: every rare state on every page in a browser, without a server. Needs `npm run build` and `npm run build:demo`.
// With E2E_SHOTS=folder each page is also kept as a picture.
import { strict as assert } from "node:assert";
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { browser } from "./browser.mjs";

const web = fileURLToPath(new URL("../..", import.meta.url));
const KINDS = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

/** A host of static files as there are many: a file, or the page for everything else. */
const host = createServer(async (request, response) => {
  const path = new URL(request.url, "http://x").pathname;
  const name = extname(path) ? path : "/404.html";
  const bytes = await readFile(join(web, "dist-demo", name)).catch(() => undefined);
  response.writeHead(bytes ? 200 : 404, { "content-type": KINDS[extname(name)] ?? "application/octet-stream" });
  response.end(bytes);
});
await new Promise((resolve) => host.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${host.address().port}`;

// None of it is in what is delivered.
for (const name of await readdir(join(web, "dist"), { recursive: true })) {
  assert.ok(!/mockServiceWorker|demo/.test(name), `dist/${name} is the demo's`);
  if (!/\.(js|html|css)$/.test(name)) continue;
  const text = await readFile(join(web, "dist", name), "utf8");
  for (const word of ["mockServiceWorker", "demo-bar", "Ada Lovelace", "setupWorker"]) assert.ok(!text.includes(word), `dist/${name} holds ${word}`);
}
console.log("ok   the product's bundle holds nothing of the demo");

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const chrome = await browser();
const page = await chrome.context.newPage();
page.setDefaultTimeout(20_000);
const faults = [];
// The browser looks for newer mocks when it likes, also when the page is gone; that is no fault of a page.
page.on("pageerror", (e) => /ServiceWorker/.test(e.message) || faults.push(`${page.url()}: ${e.message}`));

const PAGES = ["/", "/projects", "/project/SHOP", "/project/SHOP/workflow/release", "/project/SHOP/workflow/release/run/60", "/project/SHOP/workflow/release/run/60/job/0", "/queue", "/fleet", "/account"];
const CHECKS = {
  usual: async () => {
    // The graph by keyboard: arrows go from node to node, Enter opens one, the address tells which.
    await page.setViewportSize({ width: 1280, height: 844 });
    await page.goto(`${url}${PAGES[4]}`);
    const named = () => page.evaluate(() => document.activeElement?.getAttribute("data-node"));
    await page.locator(".gnode").first().focus();
    assert.equal(await named(), "build");
    for (const [key, to] of [["ArrowRight", "hotfix"], ["ArrowUp", "unit"], ["ArrowLeft", "build"]]) {
      await page.keyboard.press(key);
      await page.waitForFunction((name) => document.activeElement?.getAttribute("data-node") === name, to);
    }
    await page.keyboard.press("Enter");
    await page.waitForURL(/[?&]node=build(&|$)/);
    assert.equal(await page.getByRole("button", { name: /: pipeline build/, pressed: true }).count(), 1);
    // Who reads with more room between letters and words reads without scrolling sideways, too (WCAG 1.4.10 with 1.4.12).
    await page.setViewportSize({ width: 320, height: 700 });
    for (const path of PAGES) {
      await page.goto(url + path);
      await page.locator("main h1").first().waitFor();
      await page.addStyleTag({ content: "* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }" });
      await page.waitForFunction(() => !document.querySelector("main .loading, main [aria-busy=true]"));
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(over <= 0, `${path} is ${over} px too wide with more room between letters`);
    }
  },
  gate: async () => {
    await page.goto(`${url}${PAGES[4]}`);
    await page.locator(".news", { hasText: "production waits for somebody to start it" }).getByText(/ask for the permission to run/).waitFor();
    await page.locator(".facts", { hasText: "Waits for a person" }).waitFor();
  },
  waits: async () => {
    await page.goto(`${url}${PAGES[4]}`);
    await page.locator(".news", { hasText: "2 jobs wait" }).getByRole("link", { name: "run #59" }).waitFor();
    await page.goto(url);
    await page.locator(".run-row", { hasText: "#60" }).getByText("Waiting").waitFor();
  },
  parked: async () => {
    await page.goto(`${url}/queue`);
    await page.getByText(/set aside because it can't be read/).waitFor();
    await page.goto(`${url}${PAGES[4]}`);
    await page.getByText(/newer version of the server/).waitFor();
  },
  cut: async () => page.waitForSelector(".live.cut"),
  empty: async () => {
    await page.goto(`${url}/queue`);
    await page.getByText("Nothing that you may see waits or runs").waitFor();
    await page.goto(`${url}/`);
    await page.getByRole("button", { name: "Start from the example" }).waitFor();
  },
  forbidden: async () => {
    await page.goto(`${url}/`);
    await page.getByText("you don't have the right to do this").waitFor();
  },
  down: async () => {
    await page.goto(`${url}/`);
    await page.getByText("The server can't be reached").waitFor({ timeout: 30_000 });
  },
  long: async () => void 0,
  thousands: async () => {
    await page.goto(`${url}/project/SHOP`);
    await page.getByPlaceholder("Filter 10000 workflows").waitFor();
    assert.ok((await page.locator(".run-row").count()) < 100, "all rows are in the page");
    await page.goto(`${url}/queue`);
    await page.locator(".queue-job").first().waitFor();
    const there = await page.locator(".queue-job").count();
    assert.ok(there <= 300, `${there} jobs are in the page at once`);
    // A graph of a thousand nodes: the nodes in view alone are in the page, and nothing covers one of them.
    await page.goto(`${url}/project/SHOP/workflow/release/run/57`);
    await page.locator(".gnode").first().waitFor();
    assert.ok((await page.locator(".gnode").count()) < 200, "all nodes are in the page");
    await page.evaluate(axe);
    const small = await page.evaluate(() => globalThis.axe.run(document.querySelector(".graph"), { runOnly: ["target-size"] }));
    assert.deepEqual(small.violations.flatMap((v) => v.nodes.map((n) => n.target.join(" "))), []);
    // Drawn as plain boxes, by keyboard alone.
    await page.getByRole("button", { name: "Show all" }).click();
    const at = page.locator(".gplain");
    await at.waitFor();
    assert.equal(await page.locator(".gnode").count(), 0);
    const named = () => page.evaluate(() => document.activeElement?.getAttribute("data-node"));
    await page.getByRole("button", { name: "Show all" }).focus();
    for (let i = 0; i < 4 && (await named()) === null; i++) await page.keyboard.press("Shift+Tab");
    const [from, width] = [await named(), await at.evaluate((e) => getComputedStyle(e).outlineWidth)];
    assert.ok(from !== null && parseFloat(width) > 2, `Tab reaches ${from}, outline ${width}`);
    for (const key of ["ArrowRight", "ArrowRight", "ArrowRight", "ArrowDown"]) {
      const before = await named();
      await page.keyboard.press(key);
      await page.waitForFunction((old) => document.activeElement?.getAttribute("data-node") !== old, before);
    }
    const to = await named();
    assert.match(to ?? "", /^cell-/);
    assert.ok((await page.getByRole("button", { name: new RegExp(`${to}$`) }).count()) === 1, "it says its name");
    if (process.env.E2E_SHOTS) await page.screenshot({ path: `${process.env.E2E_SHOTS}/plain-boxes.png` });
    await page.keyboard.press("Enter");
    await page.waitForURL(new RegExp(`[?&]node=${to}(&|$)`));
  },
};

let failed = 0;
const only = process.argv[2];
for (const [state, check] of Object.entries(CHECKS).filter(([name]) => !only || name === only)) {
  try {
    await page.goto(url);
    await page.evaluate((s) => sessionStorage.setItem("demo.state", s), state);
    const long = state === "long" ? "-an-unreasonably-long-name-that-somebody-generated-from-a-ticket-title-and-never-shortened-because-it-worked-until-it-was-shown-anywhere" : "";
    for (const [theme, width] of [["light", 1280], ["dark", 390]]) {
      await page.setViewportSize({ width, height: 844 });
      await page.evaluate((t) => localStorage.setItem("cds.theme", t), theme);
      for (const path of PAGES) {
        await page.goto(url + path.replace("/release", `/release${long}`));
        await page.locator("main h1, main .empty-title, main .loading").first().waitFor();
        // What is read is there, and drawn; where nothing ever comes, what stands for it.
        await page.waitForFunction(() => !document.querySelector("main .loading, main [aria-busy=true]"), undefined, { timeout: state === "down" ? 100 : 3000 }).catch(() => undefined);
        await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(over <= 0, `${path} ${theme} is ${over} px too wide`);
        await page.evaluate(axe);
        const found = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
        const lines = found.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target.join(" ")).join("; ")}`);
        assert.deepEqual(lines, [], `${path} ${theme}: ${lines.join("\n")}`);
        if (process.env.E2E_SHOTS) await page.screenshot({ path: `${process.env.E2E_SHOTS}/${state}-${width}${path.replaceAll("/", "_")}.png` });
      }
    }
    await check();
    console.log(`ok   ${state}`);
  } catch (e) {
    failed++;
    console.log(`FAIL ${state}: ${e.message}`);
    if (process.env.E2E_SHOTS) await page.screenshot({ path: `${process.env.E2E_SHOTS}/failed-${state}.png` });
  }
}
assert.deepEqual(faults, []);
await chrome.close();
host.close();
process.exitCode = failed ? 1 : 0;
