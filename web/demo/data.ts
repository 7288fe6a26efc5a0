// A small made-up company: three projects, some runs, a fleet.
import { map, type Schemas } from "./schema";

const NOW = Date.now();
export const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();
const uuid = (n: number) => `01890a5d-ac96-774b-bcce-${String(n).padStart(12, "0")}`;

export const LONG = "an-unreasonably-long-name-that-somebody-generated-from-a-ticket-title-and-never-shortened-because-it-worked-until-it-was-shown-anywhere";

export const me: Schemas["User"] = { id: uuid(1), username: "ada", fullname: "Ada Lovelace", ring: "USER", organization: "default", created: ago(9e6) };

export const projects: Schemas["Project"][] = [
  { key: "SHOP", name: "The shop", description: "What customers see", permission: 7, created: ago(8e6), tainted_interpolation: "inert" },
  { key: "INFRA", name: "Infrastructure", description: "What nobody sees", permission: 4, created: ago(7e6), tainted_interpolation: "inert" },
];

const node = (name: string, parents: string[], part: Partial<Schemas["WorkflowNode"]> = {}): Schemas["WorkflowNode"] => ({
  name, kind: "pipeline", parents, pipeline: name, application: "shop", environment: "", mutex: false, conditions: false, payload: map({}), ...part,
}) as Schemas["WorkflowNode"];

export const nodes = [
  node("build", [], { payload: map({ "git.branch": "main", "git.author": "ada" }), parameters: map({ flavour: "debug" }) }),
  node("unit", ["build"]),
  node("browser", ["build"]),
  node("staging", ["unit"], { environment: "staging" }),
  node("production", ["staging", "browser"], { environment: "production", mutex: true }),
  node("hotfix", ["build"], { environment: "production" }),
];

/** Chains of nodes side by side, behind the first node. */
export const grid = (long: number, wide: number) =>
  Array.from({ length: long * wide }, (_, i) => node(`cell-${i % wide}-${Math.floor(i / wide)}`, i < wide ? ["build"] : [`cell-${i % wide}-${Math.floor(i / wide) - 1}`]));

export interface Shape {
  workflow: string;
  number: number;
  status: string;
  branch: string;
  author: string;
  startedAgo: number;
  seconds?: number;
  /** Of these, how long anything was in progress, where it waited for a person. */
  work?: number;
}

export function brief(s: Shape): Schemas["RunBrief"] {
  return {
    id: uuid(1000 + s.number), number: s.number, sub_number: 0, version: String(s.number), status: s.status, project_key: "SHOP", workflow_name: s.workflow,
    start: ago(s.startedAgo), last_execution: ago(s.startedAgo - (s.seconds ?? 0)), duration_ms: s.seconds === undefined ? null : s.seconds * 1000, work_ms: s.seconds === undefined ? null : (s.work ?? s.seconds) * 1000, triggered_by: s.author,
    tags: [{ tag: "git.branch", value: s.branch }, { tag: "git.hash", value: hashOf(s.number) }, { tag: "git.author", value: s.author }, { tag: "git.message", value: messageOf(s.number) }, { tag: "triggered_by", value: s.author }],
    gates: 0,
    at_work: s.status === "Building" ? 1 : undefined,
  };
}

const hashOf = (n: number) => ((n * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, "0").repeat(5);
const messageOf = (n: number) => `Make the shop quicker, part ${n}`;
/** The newest run, which rare states are about. */
export const NEWEST = 60;

export const shapes: Shape[] = Array.from({ length: 60 }, (_, i) => {
  const number = 60 - i;
  const status = i === 0 ? "Building" : i % 7 === 2 ? "Fail" : i % 11 === 5 ? "Stopped" : "Success";
  return { workflow: i % 3 === 1 ? "nightly" : "release", number, status, branch: i % 4 === 3 ? `feature/cart-${i}` : "main", author: ["ada", "grace", "linus"][i % 3] ?? "ada", startedAgo: 40 + i * 4000, seconds: i === 0 ? undefined : i === 6 ? 7_400 : 95 + ((i * 37) % 80), ...(i === 6 && { work: 131 }) };
});

function steps(status: string): Schemas["StepRun"][] {
  const end = status === "Building" ? undefined : ago(20);
  return ["checkout", "compile", "upload"].map((name, step) => ({
    step, name, status: status === "Building" ? (step === 0 ? "Success" : step === 1 ? "Building" : "Waiting") : status === "Fail" && step === 1 ? "Fail" : status === "Fail" && step === 2 ? "Skipped" : status,
    start: ago(80 - step * 10), done: end, exit_code: status === "Fail" && step === 1 ? 3 : 0, ...(status === "Fail" && step === 1 && { reason: "exit status 3" }),
  }));
}

export function job(run: Schemas["RunBrief"], n: number, name: string, status: string, waits?: Schemas["WaitReason"]): Schemas["JobRun"] {
  const taken = !["Waiting", ""].includes(status);
  return {
    id: `${run.id}.${n}`, name, status, queued: run.start, start: taken ? run.start : undefined, done: ["Building", "Waiting"].includes(status) ? undefined : ago(20), infos: [],
    attempts: taken ? [{ attempt: 1, status, worker: "local-3f2c1ab", start: run.start, steps: steps(status) }] : [], waits,
  };
}

const parameters: Schemas["Parameter"][] = [
  { name: "cds.application", value: "shop", origin: "application", tainted: false },
  { name: "cds.pip.flavour", value: "release", origin: "pipeline", tainted: false },
  { name: "git.branch", value: "main", origin: "payload", tainted: true },
  { name: "cds.proj.region", value: "eu-west", origin: "project", tainted: false },
];

/** What a run was about, as the changes since the last green one tell it. */
export function changed(b: Schemas["RunBrief"]): Schemas["ChangedRun"] {
  const tag = (name: string) => b.tags.find((t) => t.tag === name)?.value ?? "";
  return { number: b.number, status: b.status, start: b.start, triggered_by: b.triggered_by, hash: hashOf(b.number), branch: tag("git.branch"), author: b.triggered_by, message: messageOf(b.number), payload: {} };
}

export function run(b: Schemas["RunBrief"]): Schemas["Run"] {
  const live = b.status === "Building";
  const plan: [string, string, string[]][] = [["build", "Success", ["compile", "lint"]], ["unit", b.status === "Fail" ? "Fail" : "Success", ["unit"]], ["browser", live ? "Building" : b.status, ["browser", "gpu"]]];
  if (b.status === "Success") plan.push(["staging", "Success", ["switch"]], ["production", "Success", ["switch"]]);
  let n = 0;
  const node_runs: Schemas["NodeRun"][] = plan.map(([name, status, jobs], id) => ({
    id, node: name, sub_number: 0, status, start: b.start, done: status === "Building" ? undefined : ago(20), manual: id === 0, parameters,
    stages: [{ name: "", status, jobs: jobs.map((j) => job(b, n++, j, j === "gpu" && live ? "Waiting" : status, j === "gpu" && live ? NO_MATCH : undefined)) }],
  }));
  return {
    ...b, payload: map({ "git.branch": b.tags[0]?.value ?? "main" }), nodes, node_runs,
    infos: [{ at: b.start, level: "Info", sub_number: 0, text: `Workflow ${b.workflow_name} #${b.number} has been started by ${b.triggered_by}` }],
    not_run: [{ node: "hotfix", sub_number: 0, why: ['git.branch ("main") regex "^hotfix/": false'], gate: false }],
  };
}

/** Everything went well up to production, which somebody has to start. */
export function gated(b: Schemas["RunBrief"]): Schemas["Run"] {
  const done = run({ ...b, status: "Success" });
  return { ...done, node_runs: done.node_runs.filter((n) => n.node !== "production"), not_run: [...done.not_run, { node: "production", sub_number: 0, why: ['cds.manual ("false") eq "true": false'], gate: true }] };
}

/** Jobs that nobody can run, and a node that another run keeps waiting. */
export function waiting(b: Schemas["RunBrief"]): Schemas["Run"] {
  const live = run(b);
  const [first, ...rest] = live.node_runs.slice(0, 2);
  if (!first) return live;
  const stuck = ["gpu", "far"].map((name, n) => job(b, 10 + n, name, "Waiting", NO_MATCH));
  const mutex: Schemas["WaitReason"] = { code: "mutex", text: "run #59 holds the mutex of 'production'; 0 other runs are before this one" };
  const waits = (id: number, node: string, part: Partial<Schemas["NodeRun"]>): Schemas["NodeRun"] => ({ ...first, id, node, status: "Waiting", done: undefined, stages: [], ...part });
  return { ...live, node_runs: [first, ...rest, waits(8, "browser", { stages: [{ name: "", status: "Waiting", jobs: stuck }] }), waits(9, "production", { waits: mutex })] };
}

export const NO_MATCH: Schemas["WaitReason"] = { code: "no_match", text: "no hatchery offers `binary: nvidia-smi` (nearest: hatchery local, `binary: nvidia-smi`: it is not in the PATH of its workers)" };
const BUSY: Schemas["WaitReason"] = { code: "all_busy", text: "all 2 workers of hatchery local are busy, position 3, waiting for 42 s" };
export const PARKED: Schemas["WaitReason"] = { code: "parked", text: "set aside because it can't be read: the record was written by a newer version of the server" };

export function queueJob(n: number, part: Partial<Schemas["QueueJob"]> = {}): Schemas["QueueJob"] {
  return {
    job: `${uuid(1060)}.${n}`, project_key: "SHOP", workflow_name: "release", number: 60, node: "browser", name: "gpu", status: "Waiting", since: ago(42 + n), attempt: 1, triggered_by: "ada",
    requirements: ["binary: nvidia-smi"], reason: n % 2 ? BUSY : NO_MATCH, ...part,
  };
}

export function queueNode(n: number): Schemas["QueueNode"] {
  const others = n === 1 ? "this run is next" : `${n - 1} other run${n > 2 ? "s are" : " is"} before this one`;
  return { project_key: "SHOP", workflow_name: "release", number: 58 + n, node: "production", since: ago(300 - n), triggered_by: "grace", holder: 58, reason: { code: "mutex", text: `run #58 holds the mutex of 'production'; ${others}` } };
}

export const candidates: Schemas["Candidates"] = {
  position: 3, groups: [],
  hatcheries: [
    { hatchery: "local", up: true, fits: false, obstacles: ["`binary: nvidia-smi`: it is not in the PATH of its workers"], idle: [], starting: 0, busy: 2, room: 0, last_error: "" },
    { hatchery: "gpu-farm", up: false, fits: true, obstacles: [], idle: [], starting: 0, busy: 0, room: 0, last_error: "quota exceeded for 'gpus' in zone eu-west" },
  ],
};

export const hatcheries: Schemas["Hatchery"][] = [
  { id: uuid(2), name: "local", model_type: "local", version: "0.1.0", offer: { os_arch: "linux/amd64", hostname: "build-1", max_workers: 2, binaries: ["bash", "cargo", "git", "node"] }, status: "up", lastbeat: ago(3), wanted: 0, workers: [{ worker: uuid(4), status: "Building" }], last_error: "" },
  { id: uuid(3), name: "gpu-farm", model_type: "local", version: "0.1.0", offer: { os_arch: "linux/amd64", max_workers: 8, binaries: ["bash", "nvidia-smi"] }, status: "down", lastbeat: ago(400), wanted: 1, workers: [], last_error: "quota exceeded for 'gpus' in zone eu-west" },
];

export const workers: Schemas["Worker"][] = [
  { id: uuid(4), name: "local-3f2c1ab", hatchery: "local", status: "Building", os: "linux", arch: "amd64", version: "0.1.0", lastbeat: ago(2), job: `${uuid(1060)}.3`, jobs_done: 7 },
];

export function workflow(name: string, last?: Schemas["RunBrief"]): Schemas["Workflow"] {
  return { id: uuid(50), name, description: "Build, test and ship the shop", project_key: "SHOP", from_repository: "", last_modified: ago(9e4), permission: 7, groups: [{ group: "shop", level: 7 }], nodes, last_run: last };
}

export const tests: Schemas["Tests"] = {
  total: 4, ok: 2, ko: 1, skipped: 1,
  suites: map({ unit: [{ name: "cart", cases: [{ name: "adds an item", status: "ok", time: "0.012" }, { name: "removes an item", status: "ok", time: "0.009" }, { name: "total with discount", status: "failed", time: "0.101", message: "expected 90, got 100" }, { name: "pays with points", status: "skipped" }] }] satisfies Schemas["TestSuite"][] }),
};

export const artifacts: Schemas["Artifact"][] = [
  { id: uuid(70), name: "shop-1.4.2.tar.gz", type: "file", node: "build", size: 2_345_678, md5: "d41d8cd98f00b204e9800998ecf8427e", sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", perm: 420, created: ago(60) },
];

export function logLine(n: number): Schemas["LogLine"] {
  const text = n === 0 ? "\u001b[1;34m==>\u001b[0m compiling the shop" : n % 50 === 49 ? "\u001b[33mwarning\u001b[0m unused import in cart.rs" : `\u001b[32m   Compiling\u001b[0m module-${n} v1.${n}.0`;
  return { n, offset: n * 48, at_ms: NOW - 80_000 + n * 40, text };
}
