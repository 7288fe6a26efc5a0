// The palette finds all there is by words as people type them, and what it leads to shows it; the fleet says what it knows
// and no more. Needs `npm run build` and the binaries.
import { strict as assert } from "node:assert";
import { browser } from "./browser.mjs";
import { signIn, server } from "./server.mjs";
import { accessible, finish, stepper } from "./steps.mjs";

const cds = await server();
const chrome = await browser();
const page = await chrome.context.newPage();
page.setDefaultTimeout(30_000);
const { step, state } = stepper(page);
await cds.ctl("workflow", "run", "SHOP", "nightly");
await page.goto(cds.url);
await signIn(page);

/** Types, waits for an entry of a kind, takes it. */
async function find(typed, kind, name, mark = "") {
  await page.goto(cds.url);
  await page.locator(".run-row").first().waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type(typed);
  const option = page.locator("[role=option]", { has: page.locator(".palette-kind", { hasText: new RegExp(`^${kind}$`) }) }).filter({ has: page.locator("strong", { hasText: name }) }).filter({ hasText: mark }).first();
  await option.waitFor();
  await option.click();
}

await step("by words of two names, in any order, and of what they belong to", async () => {
  await find("release SHOP", "workflow", "release");
  await page.waitForURL(/\/workflow\/release$/);
  await find("shop_nightly", "workflow", "nightly");
  await page.waitForURL(/\/workflow\/nightly$/);
});

await step("a pipeline and an application lead to a page that shows them, and to who uses them", async () => {
  await find("build", "pipeline", /^build$/);
  await page.waitForURL(/\/project\/SHOP\/pipeline\/build$/);
  await page.locator("pre", { hasText: "name: build" }).waitFor();
  await accessible(page, "pipeline");
  await page.locator(".used-by").getByRole("link", { name: "nightly" }).click();
  await page.waitForURL(/\/workflow\/nightly$/);
  await find("shop", "application", /^shop$/);
  await page.locator("pre", { hasText: "name: shop" }).waitFor();
  await accessible(page, "application");
});

await step("an environment, what is said of a workflow, and a run by its number however old it is", async () => {
  await find("production", "environment", /^production$/);
  await page.waitForURL(/\/project\/SHOP\/environment\/production$/);
  await page.locator("pre", { hasText: "name: production" }).waitFor();
  await accessible(page, "environment");
  await page.locator(".used-by").getByRole("link", { name: "release" }).waitFor();
  await find("test and ship", "workflow", "release");
  await page.waitForURL(/\/workflow\/release$/);
  // As if it were not among the last runs.
  await page.route(/\/v1\/runs\?/, async (route) => route.fulfill({ json: (await (await route.fetch()).json()).map((r) => ({ ...r, number: 777 })) }));
  await find("nightly #1", "run", "nightly", /#1(?!\d)/);
  await page.waitForURL(/\/workflow\/nightly\/run\/1$/);
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

await step("jobs that wait or run, hatcheries, the account", async () => {
  await page.goto(`${cds.url}/queue`);
  await page.locator(".queue-job", { hasText: "Running in" }).waitFor();
  await find("nightly long", "job", "long");
  await page.waitForURL(/\/workflow\/nightly\/run\/1\/job\/\d+$/);
  await find("hatchery", "hatchery", "local");
  await page.waitForURL(/\/fleet$/);
  await find("tokens", "page", "Your account");
  await page.waitForURL(/\/account$/);
});

await step("the fleet: a number only where one is known, and no platform of which nothing is known", async () => {
  await cds.stop("SIGKILL");
  await cds.start();
  const tab = await chrome.context.newPage();
  await tab.route("**/v1/workers", (route) => route.abort());
  await tab.goto(`${cds.url}/fleet`);
  await tab.locator("h2", { hasText: "Workers" }).waitFor();
  assert.equal((await tab.locator("h2").innerText()).trim(), "Workers");
  await tab.unrouteAll({ behavior: "ignoreErrors" });
  await tab.locator("tbody tr").first().waitFor();
  for (const platform of await tab.locator("tbody td:nth-child(5)").allInnerTexts()) assert.match(platform, /^(\w+\/\w+|–)$/);
  for (const name of await tab.locator("tbody td:nth-child(1)").allInnerTexts()) assert.doesNotMatch(name, /^[0-9a-f]{8}-/);
  if (process.env.E2E_SHOTS) await tab.screenshot({ path: `${process.env.E2E_SHOTS}/fleet.png` });
  await tab.close();
});

await finish(state, chrome, cds);
