// Figures for many workflows: `node test/e2e/many.mjs [count]`. Makes them through the API on a server of its own, gives some
// of them runs, and measures lists, search and the palette: in the API, and in a browser.
import { browser } from "./browser.mjs";
import { PASSWORD, server } from "./server.mjs";

const COUNT = Number(process.argv[2] ?? 10_000);
const cds = process.env.MANY_URL ? { url: process.env.MANY_URL, close() {} } : await server();
const call = async (method, path, body, token, type = "application/json") => {
  const answer = await fetch(cds.url + path, { method, body: typeof body === "string" || !body ? body : JSON.stringify(body), headers: { ...(token && { authorization: `Bearer ${token}` }), ...(body && { "content-type": type }) } });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text;
};
const { token } = JSON.parse(await call("POST", "/v1/auth/signin", { username: "admin", password: PASSWORD }));
const yaml = (path, text) => call("POST", `/v1/projects/MANY/import/${path}`, text, token, "application/x-yaml");
const name = (n) => `service-${String(n).padStart(5, "0")}-${["build", "deploy", "nightly", "release"][n % 4]}`;
const known = JSON.parse(await call("GET", "/v1/projects", undefined, token));
if (!known.some((p) => p.key === "MANY")) {
  await call("POST", "/v1/projects", { key: "MANY", name: "Many" }, token);
  await yaml("pipeline", "version: v1.0\nname: p\njobs:\n- job: j\n  requirements:\n  - binary: nowhere-to-be-found\n  steps:\n  - script: [echo]\n");
  const began = Date.now();
  for (let n = 0; n < COUNT; n += 20) {
    await Promise.all(Array.from({ length: Math.min(20, COUNT - n) }, (_, i) => yaml("workflow", `name: ${name(n + i)}\nversion: v2.0\ndescription: Service ${n + i} of the many\nworkflow:\n  a: {pipeline: p}\n  b: {depends_on: [a], pipeline: p}\n  c: {depends_on: [a], pipeline: p}\n  d: {depends_on: [b, c], pipeline: p, when: [success]}\n`)));
  }
  console.log(`made ${COUNT} workflows in ${((Date.now() - began) / 1000).toFixed(1)} s`);
  for (let n = 0; n < 200; n++) await call("POST", `/v1/projects/MANY/workflows/${name(n * Math.floor(COUNT / 200))}/runs`, {}, token);
}
const median = (all) => all.sort((a, b) => a - b)[Math.floor(all.length / 2)];
async function api(what, path) {
  const times = [];
  let size = 0;
  for (let i = 0; i < 9; i++) {
    const began = performance.now();
    size = (await call("GET", path, undefined, token)).length;
    times.push(performance.now() - began);
  }
  console.log(`API      ${what}: median ${median(times).toFixed(1)} ms, ${(size / 1000).toFixed(0)} kB`);
}
await api("list of the project's workflows", "/v1/projects/MANY/workflows");
await api("search, a word in a quarter of them", "/v1/search?q=nightly");
await api("search, one of them", `/v1/search?q=${name(COUNT - 1)}`);
await api("search, none", "/v1/search?q=nothing-of-that-name");
await api("one workflow", `/v1/projects/MANY/workflows/${name(7)}`);
await api("newest runs", "/v1/runs?limit=200");

const chrome = await browser();
const page = await chrome.context.newPage();
page.setDefaultTimeout(60_000);
await page.goto(cds.url);
await page.fill("input[name=username]", "admin");
await page.fill("input[name=password]", PASSWORD);
await page.click("button[type=submit]");
await page.waitForSelector(".shell");
async function measure(what, times, body) {
  const all = [];
  for (let i = 0; i < times; i++) all.push(await body());
  console.log(`browser  ${what}: median ${median(all).toFixed(0)} ms`);
}
await measure("open the project, first rows", 5, async () => {
  await page.goto(`${cds.url}/projects`);
  await page.locator("a.tile", { hasText: "MANY" }).waitFor();
  const began = Date.now();
  await page.locator("a.tile", { hasText: "MANY" }).click();
  await page.locator(".run-row").first().waitFor();
  return Date.now() - began;
});
await measure("filter the list by a word typed at once", 5, async () => {
  await page.locator("input.filter").fill("");
  const began = Date.now();
  await page.locator("input.filter").fill(name(COUNT - 1));
  await page.waitForFunction(() => document.querySelectorAll(".run-row").length === 1);
  return Date.now() - began;
});
console.log(`browser  rows in the page: ${await page.locator(".run-row").count()}`);
await measure("palette, from the key to the hit", 5, async () => {
  await page.goto(`${cds.url}/queue`);
  await page.locator("h1").waitFor();
  const began = Date.now();
  await page.keyboard.press("/");
  await page.keyboard.type(name(COUNT - 2));
  await page.locator("[role=option]", { hasText: name(COUNT - 2) }).first().waitFor();
  return Date.now() - began;
});
await chrome.close();
await cds.close();
