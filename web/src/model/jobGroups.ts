// Jobs of a stage that are alike, such as those of a matrix, shown as one.
import type { JobRun } from "./types";

/** A stage with fewer jobs is read at a glance. */
const MANY = 8;
/** Fewer that are alike are no group. */
const ALIKE = 4;

export interface JobGroup {
  /** What their names have in common. */
  name: string;
  jobs: JobRun[];
}

/** Jobs by themselves and groups, each where its first job stands. What failed or waits for a reason stays by itself. */
export function groupJobs(jobs: readonly JobRun[]): (JobRun | JobGroup)[] {
  if (jobs.length <= MANY) return [...jobs];
  const alike = new Map<string, JobRun[]>();
  for (const job of jobs) {
    if (job.status === "Fail") continue;
    const name = common(job.name);
    const group = alike.get(name);
    if (group) group.push(job);
    else alike.set(name, [job]);
  }
  const shown: (JobRun | JobGroup)[] = [];
  const told = new Set<string>();
  for (const job of jobs) {
    const name = common(job.name);
    const group = job.status === "Fail" ? undefined : alike.get(name);
    if (!group || group.length < ALIKE) shown.push(job);
    else if (!told.has(name)) {
      told.add(name);
      shown.push({ name, jobs: group });
    }
  }
  return shown;
}

export const isGroup = (it: JobRun | JobGroup): it is JobGroup => "jobs" in it;

/** A name without what tells one of many: `test (linux, 3)` and `test 12` are `test`. */
function common(name: string): string {
  return name.replace(/\s*[([{].*[)\]}]\s*$/, "").replace(/[\s_.:#/-]*\d+\s*$/, "") || name;
}

/** One status for all of them: what is urgent before what is done. */
export function worst(jobs: readonly Pick<JobRun, "status">[]): string {
  return URGENT.find((status) => jobs.some((j) => j.status === status)) ?? jobs[0]?.status ?? "";
}

const URGENT = ["Fail", "Building", "Waiting", "", "Stopped", "Success"];

/** `48 succeeded, 2 waiting`, the most urgent first. */
export function counts(jobs: readonly Pick<JobRun, "status">[], word: (status: string) => string): string {
  const order = ["Building", "Waiting", "Stopped", "Success"];
  const by = new Map<string, number>();
  for (const { status } of jobs) by.set(status, (by.get(status) ?? 0) + 1);
  const rank = (s: string) => (order.indexOf(s) + order.length + 1) % (order.length + 1);
  return [...by].sort((a, b) => rank(a[0]) - rank(b[0])).map(([status, n]) => `${n} ${word(status).toLowerCase()}`).join(", ");
}
