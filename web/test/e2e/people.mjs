// From a sign-up by mail to a first run, and what may go wrong on the way. Needs `npm run build` and the binaries.
import { strict as assert } from "node:assert";
import { browser } from "./browser.mjs";
import { accessible, finish, stepper } from "./steps.mjs";
import { mailServer } from "./mail.mjs";
import { PASSWORD, server } from "./server.mjs";

const mail = await mailServer();
const cds = await server({ CDS_SERVER__SMTP__HOST: "127.0.0.1", CDS_SERVER__SMTP__PORT: String(mail.port), CDS_SERVER__SMTP__FROM: "cds@localhost.local" });
const chrome = await browser();
const page = await chrome.context.newPage();
page.setDefaultTimeout(30_000);
const { step, state } = stepper(page);
const link = (text) => /(http:\/\/\S+#\S+)/.exec(text)?.[1].replace(cds.own, cds.url);
const button = (name) => page.getByRole("button", { name, exact: true });
const FIRST = "first password";
const SECOND = "second password";

async function signUp(username, email) {
  await page.goto(`${cds.url}/signup`);
  await page.fill("input[name=fullname]", "Grace Hopper");
  await page.fill("input[name=email]", email);
  await page.fill("input[name=username]", username);
  await page.fill("input[name=password]", FIRST);
  await button("Sign up").click();
}
async function signIn(username, password) {
  await page.fill("input[name=username]", username);
  await page.fill("input[name=password]", password);
  await button("Sign in").click();
}

let verify;
await step("sign up: a mail is on its way, and until it is read nobody is let in", async () => {
  await page.goto(`${cds.url}/queue`);
  await page.getByRole("heading", { name: "Sign in to CDS" }).waitFor();
  await accessible(page, "sign in");
  await page.getByRole("link", { name: /Sign up/ }).click();
  await accessible(page, "sign up");
  await signUp("grace", "grace@localhost.local");
  await page.getByRole("heading", { name: "Read your mail" }).waitFor();
  await accessible(page, "read your mail");
  verify = link(await mail.next("grace@localhost.local"));
  await page.goto(cds.url);
  await signIn("grace", FIRST);
  await page.getByText("not confirmed yet").waitFor();
});

await step("a taken name is told beside the form, which keeps what was typed", async () => {
  await signUp("admin", "other@localhost.local");
  await page.getByRole("alert").filter({ hasText: "given username" }).waitFor();
  assert.equal(await page.inputValue("input[name=email]"), "other@localhost.local");
});

await step("the link of the mail confirms by a click and signs in; it works once", async () => {
  await page.goto(verify);
  assert.ok(verify.startsWith(`${cds.url}/signup/verify#`));
  await accessible(page, "verify");
  await button("Confirm and sign in").click();
  await page.getByText("Nothing has run yet that you may see").waitFor();
  assert.ok(!page.url().includes("#"), "the token is still in the address");
  await page.goto("about:blank");
  await page.goto(verify);
  await button("Confirm and sign in").click();
  await page.getByRole("heading", { name: "This link does not work any more" }).waitFor();
  await accessible(page, "spent link");
  await page.goto("about:blank");
  await page.goto(`${cds.url}/signup/verify`);
  await page.getByText("The address has no token").waitFor();
});

await step("who may see no project is told whom to ask, and a page comes up once it may be seen", async () => {
  await page.goto(`${cds.url}/projects`);
  await page.getByText("There is no project yet that you may see").waitFor();
  await page.getByText("to add you to a group that may").waitFor();
  await accessible(page, "no project to see");
  if (process.env.E2E_SHOTS) await page.screenshot({ path: `${process.env.E2E_SHOTS}/people-none.png` });
  await page.goto(`${cds.url}/project/SHOP/pipeline/deploy`);
  await page.getByText("Check the address").waitFor();
  assert.equal(await page.locator(".problem").count(), 1);
  await page.waitForFunction(() => document.title.startsWith("Not found: deploy"));
  await accessible(page, "what may not be seen");
  if (process.env.E2E_SHOTS) await page.screenshot({ path: `${process.env.E2E_SHOTS}/people-not-found.png` });
  await cds.ctl("group", "create", "shoppers");
  await cds.ctl("group", "grant", "SHOP", "shoppers", "4");
  await cds.ctl("group", "member", "add", "shoppers", "grace", "false");
  await page.getByText("Used by").waitFor();
  await page.waitForFunction(() => document.title.startsWith("deploy"));
  await cds.ctl("group", "member", "delete", "shoppers", "grace", "--force");
});

await step("two clicks to the first run", async () => {
  await page.goto(cds.url);
  await page.locator(".first-steps").waitFor();
  await accessible(page, "first steps");
  await button("Start from the example").click();
  await page.getByRole("dialog").getByRole("button", { name: "Start", exact: true }).click();
  await page.waitForURL(/\/project\/GRACEFIRST\/workflow\/first-steps\/run\/1/);
  await page.waitForFunction(() => document.title.startsWith("Succeeded"), undefined, { timeout: 120_000 });
  await page.getByRole("tab", { name: /Tests/ }).click();
  await page.getByText("3 passed, 0 failed, 1 skipped").waitFor();
  await page.getByRole("tab", { name: /Artifacts/ }).click();
  await page.getByText("hello-1.4.2.tar.gz").waitFor();
  await page.goto(`${cds.url}/project/GRACEFIRST/workflow/first-steps/run/1?node=hotfix`);
  assert.match(await page.locator(".reason").first().innerText(), /git\.branch \("main"\) regex "\^hotfix\/": false/);
});

await step("run again with other parameters: the form knows them, the run shows where each came from", async () => {
  await page.goto(`${cds.url}/project/GRACEFIRST/workflow/first-steps/run/1`);
  await button("Run again…").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("flavour").click();
  await page.getByRole("option", { name: "debug" }).click();
  await dialog.getByLabel("git.branch").fill("hotfix/1");
  await accessible(page, "run again");
  await dialog.getByRole("button", { name: "Start", exact: true }).click();
  await page.waitForURL(/\/run\/2/);
  await page.waitForFunction(() => document.title.startsWith("Succeeded"), undefined, { timeout: 120_000 });
  await page.goto(`${cds.url}/project/GRACEFIRST/workflow/first-steps/run/2?node=build`);
  await page.getByText("Parameters", { exact: false }).last().click();
  const row = page.locator("tr", { hasText: "cds.pip.flavour" });
  assert.match(await row.innerText(), /debug/);
  await page.getByRole("tab", { name: "Changes" }).click();
  const changed = page.locator("tr", { hasText: "git.branch" }).first();
  await changed.waitFor();
  assert.match(await changed.innerText(), /main[\s\S]*hotfix\/1/);
});

await step("a long name of a token leaves what can be done with it in view", async () => {
  await page.goto(`${cds.url}/account`);
  const name = "x".repeat(100);
  await page.getByLabel("Name").fill(name);
  await button("Make a token").click();
  await button("Done").click();
  const revoke = button(`Revoke ${name}`);
  await revoke.waitFor();
  const [at, table] = [await revoke.boundingBox(), await page.locator(".account .table-box").boundingBox()];
  assert.ok(at.x + at.width <= table.x + table.width, JSON.stringify([at, table]));
  if (process.env.E2E_SHOTS) await page.screenshot({ path: `${process.env.E2E_SHOTS}/people-token.png`, fullPage: true });
  await revoke.click();
  await revoke.waitFor({ state: "detached" });
});

await step("the password is changed; the old one is worth nothing", async () => {
  await page.goto(`${cds.url}/account`);
  await accessible(page, "account");
  await page.fill("input[name=password-current]", "wrong wrong");
  await page.fill("input[name=password]", SECOND);
  await button("Change the password").click();
  await page.getByRole("alert").filter({ hasText: "current password is not right" }).waitFor();
  await page.fill("input[name=password-current]", FIRST);
  await button("Change the password").click();
  await page.getByText("Your password is changed").waitFor();
  await button("Sign out").click();
  await page.getByText("You are signed out.").waitFor();
  await signIn("grace", FIRST);
  await page.getByRole("alert").filter({ hasText: "invalid user or password" }).waitFor();
  await page.fill("input[name=password]", SECOND);
  await button("Sign in").click();
  await page.locator(".shell").waitFor();
});

await step("a forgotten password: the same answer for everybody, a mail for who has an account", async () => {
  await button("Sign out").click();
  for (const address of ["nobody@localhost.local", "grace@localhost.local"]) {
    await page.goto(`${cds.url}/forgot-password`);
    await page.fill("input[name=email]", address);
    await button("Send the mail").click();
    await page.getByText(`If there is an account with the address ${address}`).waitFor();
  }
  await accessible(page, "mail sent");
  const reset = link(await mail.next("grace@localhost.local"));
  assert.equal(mail.mails.length, 0, "a mail too many");
  await page.goto(reset);
  await accessible(page, "reset");
  await page.fill("input[name=password]", "third password");
  await button("Set it and sign in").click();
  await page.locator(".shell").waitFor();
  await page.goto("about:blank");
  await page.goto(reset);
  await page.fill("input[name=password]", "fourth password");
  await button("Set it and sign in").click();
  await page.getByRole("heading", { name: "This link does not work any more" }).waitFor();
});

await step("a session that is ended elsewhere leads to the sign-in, and back to the page", async () => {
  await page.goto(`${cds.url}/queue`);
  await page.locator("h1", { hasText: "Queue" }).waitFor();
  await page.evaluate(async () => {
    const token = localStorage.getItem("cds.token");
    await fetch("/v1/auth/signout", { method: "POST", headers: { authorization: `Bearer ${token}` } });
  });
  await page.reload();
  await page.getByText("Your session has ended").waitFor();
  await signIn("grace", "third password");
  await page.locator("h1", { hasText: "Queue" }).waitFor();
});

await step("the queue says who could take a job", async () => {
  await button("Sign out").click();
  await page.goto(cds.url);
  await signIn("admin", PASSWORD);
  await page.locator(".shell").waitFor();
  await cds.ctl("workflow", "run", "SHOP", "nightly");
  await page.goto(`${cds.url}/queue`);
  const job = page.locator(".queue-job", { hasText: "nvidia-smi" });
  await job.waitFor({ timeout: 60_000 });
  await job.getByText("Who could take it?").click();
  await job.getByText("cannot run it").waitFor();
  await job.getByText(/`binary: nvidia-smi`: it is not in the PATH/).last().waitFor();
  await accessible(page, "who could take it");
});

await step("entry pages on a phone have no sideways scrolling", async () => {
  await page.setViewportSize({ width: 360, height: 740 });
  await button("Sign out").click();
  for (const path of ["/", "/signup", "/forgot-password", "/signup/verify#cds_" + "0".repeat(64), "/reset-password#x"]) {
    await page.goto("about:blank");
    await page.goto(cds.url + path);
    await page.locator("h1").waitFor();
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0, path);
    if (process.env.E2E_SHOTS) await page.screenshot({ path: `${process.env.E2E_SHOTS}/entry${path.replace(/[#/].*?/g, "_").slice(0, 20)}.png` });
  }
});

await finish(state, chrome, cds, mail);
