// What the tab's one stream of events does to what was read before: of a run only what has changed is read again, lists
// learn what an event says, everything else is marked stale.
import type { QueryClient } from "@tanstack/react-query";
import type { RunPage } from "../model/history";
import { mergeRun, patchBriefs } from "../model/news";
import type { Event, Run, RunBrief } from "../model/types";
import { queries, runPart } from "./queries";

/** Events of so long cause one reading. */
const GATHER_MS = 150;
/** From more changed executions on the whole run is read. */
const MANY = 200;

/** A run of which something has changed. */
interface Changed {
  key: string;
  workflow: string;
  number: string;
  /** Which executions; nothing = look at the whole. */
  ids: Set<number> | undefined;
}

export class News {
  private readonly stale = new Map<string, readonly unknown[]>();
  private readonly changed = new Map<string, Changed>();
  /** Runs that are being read: what changes meanwhile waits, so that a slow page is never asked for more than it can. */
  private readonly busy = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly client: QueryClient) {}

  take(news: Event): void {
    const { project_key: key, workflow_name: workflow } = news;
    if (news.type.startsWith("run.")) {
      this.runChanged(news);
    } else if (news.type.startsWith("workflow.")) {
      this.mark("workflow", key, workflow);
      this.mark("workflows", key);
      this.mark("project", key);
      this.mark("pipeline", key);
      // It may be deleted, or closed for this user, and its runs with it: whoever looks at one must hear of it.
      this.mark("run", key, workflow);
      this.mark("runs");
    } else if (news.type.startsWith("project.")) {
      this.mark("projects");
      this.mark("project", key);
      this.mark("workflows", key);
      this.mark("workflow", key);
      this.mark("pipeline", key);
      this.mark("run", key);
      this.mark("runs");
    } else if (news.type === "fleet.updated") {
      for (const what of ["workers", "hatcheries", "queue"]) this.mark(what);
    } else {
      this.mark(news.type.split(".")[0]);
    }
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private runChanged(news: Event): void {
    const { project_key: key = "", workflow_name: workflow = "" } = news;
    this.client.setQueriesData<RunBrief[] | RunPage>({ queryKey: ["runs"] }, (old) => patchList(old, news));
    const whole = news.type !== "run.updated" || news.changes?.some((c) => c.type.startsWith("run."));
    if (whole) {
      this.mark("runs");
      this.mark("workflows", key);
    }
    this.mark("queue");
    if (news.number == null) return;
    const numbers = [String(news.number)];
    if (news.type === "run.created") this.mark("run", key, workflow, "latest");
    else if (this.client.getQueryData<Run>(["run", key, workflow, "latest"])?.number === news.number) numbers.push("latest");
    for (const number of numbers) {
      for (const part of whole ? ["tests", "artifacts", "changes"] : ["tests", "artifacts"]) this.mark("run", key, workflow, number, part);
      this.note({ key, workflow, number, ids: news.node_runs?.length ? new Set(news.node_runs) : undefined });
    }
  }

  private note(change: Changed): void {
    const name = JSON.stringify([change.key, change.workflow, change.number]);
    const before = this.changed.get(name);
    if (before) before.ids = before.ids && change.ids && new Set([...before.ids, ...change.ids]);
    else this.changed.set(name, change);
    this.soon();
  }

  private mark(...key: unknown[]): void {
    this.stale.set(JSON.stringify(key), key);
    this.soon();
  }

  private soon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      for (const queryKey of this.stale.values()) void this.client.invalidateQueries({ queryKey });
      this.stale.clear();
      for (const [name, change] of this.changed) {
        if (this.busy.has(name)) continue;
        this.changed.delete(name);
        this.busy.add(name);
        void this.read(change).finally(() => {
          this.busy.delete(name);
          if (this.changed.has(name)) this.soon();
        });
      }
    }, GATHER_MS);
  }

  private async read({ key, workflow, number, ids }: Changed): Promise<void> {
    const { queryKey } = queries.run(key, workflow, number);
    const state = this.client.getQueryState<Run>(queryKey);
    if (!state) return;
    const watched = this.client.getQueryCache().find({ queryKey })?.isActive() ?? false;
    // A reading that is under way may have begun before the event.
    if (!watched || !state.data || !ids || ids.size > MANY || state.fetchStatus !== "idle") {
      return this.client.invalidateQueries({ queryKey, exact: true });
    }
    try {
      const part = await runPart(key, workflow, number, [...ids]);
      this.client.setQueryData<Run>(queryKey, (old) => old && mergeRun(old, part));
    } catch {
      await this.client.invalidateQueries({ queryKey, exact: true });
    }
  }
}

function patchList(old: RunBrief[] | RunPage | undefined, news: Event): RunBrief[] | RunPage | undefined {
  if (Array.isArray(old)) return patchBriefs(old, news) as RunBrief[];
  if (!old || !("runs" in old)) return old;
  const runs = patchBriefs(old.runs, news) as RunBrief[];
  return runs === old.runs ? old : { ...old, runs };
}
