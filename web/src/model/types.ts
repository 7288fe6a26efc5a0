// Short names for what the API gives.
import type { components } from "../api/generated/schema";

type Schemas = components["schemas"];
/** Maps of text, which the document describes as objects of any shape. */
type TextMap = Record<string, string>;

export type WorkflowNode = Omit<Schemas["WorkflowNode"], "payload" | "parameters"> & { payload: TextMap; parameters?: TextMap };
export type Run = Omit<Schemas["Run"], "payload" | "nodes"> & { payload: TextMap; nodes: WorkflowNode[] };
export type Workflow = Omit<Schemas["Workflow"], "nodes"> & { nodes: WorkflowNode[] };
export type Tests = Omit<Schemas["Tests"], "suites"> & { suites: Record<string, Schemas["TestSuite"][]> };
export type RunBrief = Schemas["RunBrief"];
export type NodeRun = Schemas["NodeRun"];
export type StageRun = Schemas["StageRun"];
export type JobRun = Schemas["JobRun"];
export type AttemptRun = Schemas["AttemptRun"];
export type StepRun = Schemas["StepRun"];
export type NotRun = Schemas["NotRun"];
export type Parameter = Schemas["Parameter"];
export type Info = Schemas["Info"];
export type Artifact = Schemas["Artifact"];
export type TestCase = Schemas["TestCase"];
export type ChangedRun = Schemas["ChangedRun"];
export type PipelineParameter = Schemas["PipelineParameter"];
export type QueueJob = Schemas["QueueJob"];
export type QueueNode = Schemas["QueueNode"];
export type Candidates = Schemas["Candidates"];
export type Candidate = Schemas["Candidate"];
export type Token = Schemas["Token"];
export type Worker = Schemas["Worker"];
export type Hatchery = Schemas["Hatchery"];
export type Project = Schemas["Project"];
export type LogLine = Schemas["LogLine"];
export type LogLines = Schemas["LogLines"];
export type LogFile = Schemas["LogFile"];
export type Event = Schemas["Event"];
export type SearchHit = Schemas["SearchHit"];
export type User = Schemas["User"];
export type ApiError = { code: string; message: string; id?: number; details?: string[]; request_id?: string };
