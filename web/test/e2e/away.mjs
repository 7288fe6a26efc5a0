// The server goes away and comes back under every view; one session in many tabs. Needs `npm run build` and the binaries.
import { strict as assert } from "node:assert";
import { browser } from "./browser.mjs";
import { signIn, server } from "./server.mjs";
import { finish, stepper } from "./steps.mjs";

const cds = await server();
const chrome = await browser();
const page = await chrome.context.newPage();
page.setDefaultTimeout(60_000);
const { step, state } = stepper(page);
const main = (tab, text) => tab.locator("main").getByText(text).first();

await cds.ctl("workflow", "run", "SHOP", "large", "--track");
await page.goto(cds.url);
await signIn(page);
await page.locator(".live.live").waitFor();
const RUN = "/project/SHOP/workflow/large/run/1";
const LOG = `${RUN}/job/0?step=0`;
const printed = (text) => page.waitForFunction((t) => [...document.querySelectorAll(".log-text")].some((e) => e.textContent?.trim() === t), text);

await step("what changes after the first reading and before the stream stands is not missed", async () => {
  let open;
  const held = new Promise((resolve) => (open = resolve));
  await page.route("**/v1/events", async (route) => (await held, await route.continue()));
  await page.goto(`${cds.url}/project/SHOP/workflow/large`);
  await page.locator(".run-row", { hasText: "#1" }).waitFor();
  await cds.ctl("workflow", "run", "SHOP", "large", "--track");
  // Its events are over: no stream that begins now has them.
  assert.equal(await page.locator(".run-row", { hasText: "#2" }).count(), 0);
  open();
  await page.locator(".run-row", { hasText: "#2" }).waitFor();
  await page.unroute("**/v1/events");
});

await step("a log that is opened while the server is away is read once it is back", async () => {
  await page.goto(cds.url + RUN);
  await page.locator(".job-name").first().waitFor();
  // The page of the log is read ahead, its lines are not.
  await page.waitForTimeout(2500);
  await cds.stop();
  await page.locator(".job-name").first().click();
  await main(page, "The server can't be reached. Trying again by itself.").waitFor();
  // Longer than the first pauses between two tries.
  await page.waitForTimeout(4000);
  await cds.start();
  const back = Date.now();
  await printed("1");
  console.log(`     the log is there ${Date.now() - back} ms after the server`);
});

await step("lines that were asked for while the server was away come once it is back", async () => {
  await page.goto(cds.url + LOG);
  await printed("1");
  await page.locator(".live.live").waitFor();
  await cds.stop();
  await page.locator(".log-scroll").evaluate((e) => (e.scrollTop = e.scrollHeight / 2));
  await page.locator(".log-wait").first().waitFor();
  await page.waitForTimeout(4000);
  await cds.start();
  const back = Date.now();
  await printed("300000");
  console.log(`     the lines are there ${Date.now() - back} ms after the server`);
});

/** No answer to anything, as if the server were away, though the page itself comes. */
const lost = (tab) => tab.route("**/v1/**", (route) => route.abort());
const found = (tab) => tab.unroute("**/v1/**");

for (const path of ["/", RUN, LOG, "/fleet"]) {
  await step(`opened while the server is away, read once it is back: ${path}`, async () => {
    const tab = await chrome.context.newPage();
    await lost(tab);
    await tab.goto(cds.url + path);
    await main(tab, "Trying again by itself").waitFor();
    await found(tab);
    await tab.locator(".live.live").waitFor({ timeout: 10_000 });
    await tab.waitForFunction(() => !document.querySelector("main .problem, main .loading"), undefined, { timeout: 10_000 });
    await tab.close();
  });
}

await step("a link in a new tab, and a browser started again, need no new sign-in", async () => {
  await page.goto(`${cds.url}/projects`);
  const [tab] = await Promise.all([chrome.context.waitForEvent("page"), page.locator("a.tile").first().click({ modifiers: ["Control"] })]);
  await tab.locator(".shell").waitFor();
  await tab.waitForURL(/\/project\/SHOP$/);
  await tab.close();
});

const token = (tab) => tab.evaluate(() => localStorage.getItem("cds.token"));
const answer = async (bearer) => (await fetch(`${cds.url}/v1/users/me`, { headers: { authorization: `Bearer ${bearer}` } })).status;

await step("signing out in one tab signs out all, on the server too; signing in signs in all", async () => {
  const tab = await chrome.context.newPage();
  await tab.goto(`${cds.url}/queue`);
  await tab.locator(".shell").waitFor();
  const former = await token(tab);
  await page.goto(`${cds.url}/projects`);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You are signed out.").waitFor();
  await tab.getByText("Your session has ended").waitFor();
  assert.equal(await token(tab), null);
  assert.equal(await answer(former), 401);
  await signIn(tab);
  await page.locator(".shell").waitFor();
  assert.match(page.url(), /\/projects$/, "each stays at its address");
  assert.match(tab.url(), /\/queue$/);
  await tab.close();
});

await step("a session that the server has ended ends in every tab, and not the one that follows it", async () => {
  const tab = await chrome.context.newPage();
  await tab.goto(`${cds.url}/queue`);
  await tab.locator(".shell").waitFor();
  const former = await token(tab);
  await fetch(`${cds.url}/v1/auth/signout`, { method: "POST", headers: { authorization: `Bearer ${former}` } });
  await page.getByRole("link", { name: "Runs" }).click();
  await page.getByText("Your session has ended").waitFor();
  await tab.getByText("Your session has ended").waitFor();
  await signIn(page);
  await tab.locator(".shell").waitFor();
  // Long enough for late answers to the former session.
  await page.waitForTimeout(1500);
  assert.equal(await answer(await token(tab)), 200);
  assert.equal(await tab.locator(".shell").count(), 1);
  await tab.close();
});

await step("without storage, as in some private windows, a session lasts as long as its page", async () => {
  const tab = await chrome.context.newPage();
  await tab.addInitScript(() => Object.defineProperty(window, "localStorage", { get: () => { throw new DOMException("denied", "SecurityError"); } }));
  await tab.goto(`${cds.url}/queue`);
  await signIn(tab);
  await tab.getByRole("link", { name: "Projects" }).click();
  await tab.locator("a.tile").first().waitFor();
  await tab.close();
});

await finish(state, chrome, cds);
