// The real server with real workflows in a temporary directory.
import { execFile, spawn } from "node:child_process";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { proxy } from "./proxy.mjs";

const run = promisify(execFile);
const bin = process.env.CDS_BIN ?? join(process.env.CARGO_TARGET_DIR ?? join(homedir(), ".cache/cds/target"), "debug");
export const PASSWORD = "correct-horse-battery";

/** Signs in as the administrator on the page shown. */
export async function signIn(page) {
  await page.fill("input[name=username]", "admin");
  await page.fill("input[name=password]", PASSWORD);
  await page.click("button[type=submit]");
  await page.waitForSelector(".shell");
}

/** `{ url, ctl, stop, start, close }`: a server that can be lost and regained at the same address. `settings` go into its environment. */
export async function server(settings = {}) {
  const root = await mkdtemp(join(tmpdir(), "cds-e2e-"));
  // Builds go on while tests run: theirs are copies.
  for (const name of ["cds", "cdsctl"]) await cp(join(bin, name), join(root, name));
  let child;
  let url;
  const start = async () => {
    const listen = url ? new URL(url).host : "127.0.0.1:0";
    child = spawn(join(root, "cds"), ["server", "--data", join(root, "data"), "--listen", listen], {
      env: { ...process.env, CDS_ADMIN_USERNAME: "admin", CDS_ADMIN_PASSWORD: PASSWORD, ...settings },
      stdio: ["ignore", "pipe", "pipe"],
    });
    url = await new Promise((resolve, reject) => {
      let said = "";
      const hear = (bytes) => {
        said += bytes;
        const ready = /CDS is ready at (http\S+)/.exec(said);
        if (ready) resolve(ready[1]);
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      child.on("exit", () => reject(new Error(`the server ended:\n${said}`)));
    });
    return url;
  };
  /** SIGKILL leaves the workers alive, as a crash would. */
  const stop = (signal = "SIGTERM") =>
    new Promise((resolve) => {
      if (child.exitCode !== null) return resolve();
      child.removeAllListeners("exit");
      child.on("exit", resolve);
      child.kill(signal);
    });
  const ctl = (...args) => run(join(root, "cdsctl"), ["-f", join(root, "context"), ...args], { cwd: new URL("workflows/", import.meta.url) });
  /** Changes the database, behind the back of a server that is stopped; with the `sqlite3` of the system. */
  const sql = (statement) => run("sqlite3", [join(root, "data", "cds.db"), statement]);
  await start();
  await ctl("login", "--api-url", url, "--username", "admin", "--password", PASSWORD);
  await ctl("project", "create", "SHOP", "The shop");
  const shared = ["build.pip.yml", "deploy.pip.yml", "slow.pip.yml", "shop.app.yml", "staging.env.yml"];
  await ctl("workflow", "push", "SHOP", "release.yml", "test.pip.yml", "browser.pip.yml", "production.env.yml", ...shared, "--skip-update-files");
  await ctl("workflow", "push", "SHOP", "nightly.yml", ...shared, "--skip-update-files");
  await ctl("workflow", "push", "SHOP", "large.yml", "large.pip.yml", "--skip-update-files");
  await ctl("workflow", "push", "SHOP", "gated.yml", "quick.pip.yml", "--skip-update-files");
  /** A workflow of these nodes, and a pipeline of the same name. */
  async function push(name, nodes, pipeline = "jobs:\n- job: quick\n  steps: [{script: [echo done]}]\n") {
    const files = [[`${name}.yml`, `name: ${name}\nversion: v2.0\nworkflow:\n${nodes}\n`], [`${name}.pip.yml`, `version: v1.0\nname: ${name}\n${pipeline}`]];
    for (const [file, text] of files) await writeFile(join(root, file), text);
    await ctl("workflow", "push", "SHOP", ...files.map(([file]) => join(root, file)), "--skip-update-files");
  }
  /** Runs a workflow to its end, however that is. */
  const finished = (name, ...more) => ctl("workflow", "run", "SHOP", name, "--track", ...more).catch(() => undefined);
  const front = process.env.CDS_WEB ? await proxy(process.env.CDS_WEB, url) : undefined;
  return {
    url: front?.url ?? url,
    /** What the server takes for its address: another one with CDS_WEB. */
    own: url,
    ctl,
    push,
    run: finished,
    sql,
    start,
    stop,
    async close() {
      front?.close();
      await stop();
      await rm(root, { recursive: true, force: true });
    },
  };
}
