import { useQuery } from "@tanstack/react-query";
import { useLocation, useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { isUnanswered } from "../api/client";
import { Intents } from "../api/intents";
import { queries, startRun } from "../api/queries";
import { dropDraft, keepDraft, readDraft } from "../model/draft";
import { refusedText } from "../model/restarted";
import { chosen, collected, doubled, type ParameterField, parameterFields, passedOn, payloadRows } from "../model/startForm";
import type { NodeRun, Run, Workflow } from "../model/types";
import { getToken } from "../session";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { paths } from "../util/paths";
import { ParameterInput, PayloadInput } from "./StartFields";

interface Props {
  workflow: Pick<Workflow, "name" | "project_key" | "nodes">;
  /** The run whose payload, and whose parameters that were typed by hand, the form begins with. */
  before?: Run;
  /** Go on with `before` from this node instead of making a run. */
  from?: string;
  onClose: () => void;
}

/** Starts a run, or a node of one again: fields for what the workflow and its pipeline know, more by hand, or JSON. */
export function StartDialog(props: Props) {
  const { from, onClose } = props;
  // As it was when the form was opened: what happens to the run meanwhile builds no form anew under somebody's hands.
  const [{ workflow, before }] = useState(props);
  const page = useLocation({ select: (at) => at.pathname });
  const me = useQuery(queries.me());
  const node = workflow.nodes.find((n) => (from === undefined ? n.parents.length === 0 : n.name === from));
  const pipeline = useQuery({ ...queries.pipeline(workflow.project_key, node?.pipeline ?? ""), enabled: !!node?.pipeline });
  const last = (run: Run | undefined, name: string | undefined) => run?.node_runs.findLast((n) => n.node === name);
  const earlier = last(before, node?.name);
  // Of a node in the middle, what comes before it knows what it gets if nobody types anything.
  const parent = from === undefined ? undefined : node?.parents.map((name) => last(before, name)).find((n) => n !== undefined);
  const ran = useQuery(queries.parameters(workflow.project_key, workflow.name, String(before?.number), [earlier, parent].flatMap((n) => n?.id ?? [])));
  const parametersOf = (execution: NodeRun | undefined) => execution && ran.data?.node_runs.find((n) => n.id === execution.id)?.parameters;
  const meanwhile = from !== undefined && last(props.before, from)?.id !== earlier?.id;
  const ready = !pipeline.isLoading && !ran.isLoading && !me.isLoading;
  // The run keeps the pipeline that it began with, and only today's is known.
  const kept = before !== undefined && from !== undefined && pipeline.data !== undefined && Date.parse(pipeline.data.last_modified) > Date.parse(before.start);
  const fields = parameterFields(pipeline.data?.parameters ?? [], node?.parameters, parametersOf(earlier), kept);
  return (
    <Dialog title={from === undefined ? `Start ${workflow.name}` : earlier ? `Run ${from} again` : `Start ${from}`} onClose={onClose} ready={ready}>
      {(pipeline.error ?? ran.error) && <p className="error-text" role="alert">Its parameters can’t be read: {(pipeline.error ?? ran.error)?.message}</p>}
      {kept && <p className="form-note">The pipeline {node?.pipeline} was changed after this run began. The run goes on with the one it had: a field that is left empty keeps the value that one sets, and what it does not know has no effect.</p>}
      {/* There from the beginning, so that it is read aloud when it comes. */}
      <div role="status">{meanwhile && <p className="form-note">{from} has been started meanwhile. Start starts it once more.</p>}</div>
      <StartForm {...props} workflow={workflow} before={before} fields={fields} known={passedOn(before?.payload ?? node?.payload ?? {}, parametersOf(parent))} about={node?.pipeline ?? ""} typed={earlier && before} kept={kept} user={me.data?.username ?? ""} page={page} />
    </Dialog>
  );
}

interface FormProps extends Props {
  fields: ParameterField[];
  known: Record<string, string>;
  /** Name of the pipeline. */
  about: string;
  /** The run for which somebody may have typed parameters. */
  typed: Run | undefined;
  /** It goes on with a pipeline that was changed since. */
  kept: boolean;
  user: string;
  page: string;
}

function StartForm({ workflow, before, from, onClose, fields, known, about, typed, kept, user, page }: FormProps) {
  const navigate = useNavigate();
  const [left] = useState(() => readDraft(sessionStorage, user, page, from));
  const [values, setValues] = useState<Record<string, string>>(left?.values ?? {});
  const [first] = useState(() => payloadRows(known));
  const [rows, setRows] = useState(left?.rows ?? first);
  const [json, setJson] = useState(left?.json);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const [intents] = useState(() => new Intents());
  const form = useRef<HTMLFormElement>(null);
  // What has the keyboard once it is drawn.
  const wish = useRef<string>(undefined);
  useEffect(() => {
    if (wish.current !== undefined) form.current?.querySelector<HTMLElement>(wish.current)?.focus();
    wish.current = undefined;
  });

  // What was typed is lost by no slip: Escape, a press beside the form and the way back leave it for the next time the form
  // is opened, and a session that ends brings the form back with it. Only who starts or cancels is done with it.
  const dirty = Object.keys(values).length > 0 || rows !== first || json !== undefined;
  const done = useRef(false);
  const keep = useRef<(away: boolean) => void>(undefined);
  keep.current = (away) => {
    if (done.current) dropDraft(sessionStorage, user, page, from);
    else if (dirty) keepDraft(sessionStorage, user, page, { from, values, rows, json, ...(away && { away }) }, fields);
  };
  useEffect(() => keep.current?.(false));
  useEffect(() => () => { if (getToken() !== null) keep.current?.(true); }, []);
  const [found, setFound] = useState(left?.away === true);
  const anew = () => {
    setValues({});
    setRows(first);
    setJson(undefined);
    setFound(false);
    dropDraft(sessionStorage, user, page, from);
    wish.current = "input, textarea, [role=combobox], [type=submit]";
  };
  const close = () => {
    done.current = true;
    onClose();
  };

  async function start() {
    if (busy) return;
    if (json === undefined && doubled(rows).size > 0) {
      wish.current = "[aria-invalid=true]";
      return setError("Each name can have one value.");
    }
    setBusy(true);
    setError(undefined);
    try {
      const body = {
        // A node for which nobody has typed anything else gets what it is passed on.
        payload: from !== undefined && json === undefined && rows === first ? undefined : json === undefined ? collected(rows) : json.trim() === "" ? undefined : (JSON.parse(json) as unknown),
        parameters: chosen(fields, values),
        ...(before && from !== undefined && { number: before.number, from_nodes: [from] }),
      };
      const run = await startRun(workflow.project_key, workflow.name, body, intents.key(body));
      const refused = from === undefined ? undefined : refusedText(run, from);
      if (refused !== undefined) {
        // The condition may hold with other values: the form stays, and what is sent next is another wish.
        intents.done(body);
        setError(refused);
        return setBusy(false);
      }
      close();
      await navigate(paths.run(workflow.project_key, workflow.name, run.number, from));
    } catch (e) {
      if (isUnanswered(e)) setError("The server did not answer. Press Start again: however often, it starts once.");
      else setError(e instanceof SyntaxError ? `The payload is not JSON: ${e.message}` : e instanceof Error ? e.message : String(e));
      setBusy(false);
    }
  }

  // The key that opened the form may still be held down.
  const held = (e: KeyboardEvent) => e.key === "Enter" && e.repeat && !(e.target instanceof HTMLTextAreaElement) && e.preventDefault();
  return (
    <form ref={form} className="start" onKeyDown={held} onSubmit={(e) => { e.preventDefault(); void start(); }}>
      {found && (
        <p className="form-note" role="status">
          What you typed here before{fields.some((f) => f.kind === "password") && ", without passwords,"} is in the form again. <button type="button" className="link" onClick={anew}>Begin anew</button>
        </p>
      )}
      {fields.length > 0 && (
        <fieldset>
          <legend>Parameters of {about}</legend>
          {typed && <p className="muted small">What somebody typed for run #{typed.number} is taken over where it says so{kept ? "." : "; all else begins as the workflow and the pipeline set it."}</p>}
          {fields.map((f) => <ParameterInput key={f.name} field={f} value={values[f.name] ?? f.initial} run={typed?.number} onChange={(value) => setValues({ ...values, [f.name]: value })} />)}
        </fieldset>
      )}
      <PayloadInput
        rows={rows}
        json={json}
        known={known}
        onChange={(change, focus) => {
          setError(undefined);
          if (change.rows) setRows(change.rows);
          if ("json" in change) setJson(change.json);
          wish.current = focus;
        }}
      />
      {error && <p className="error-text" role="alert">{error}</p>}
      <div className="dialog-foot">
        <Button onClick={close}>Cancel</Button>
        <Button type="submit" kind="primary" busy={busy}>Start</Button>
      </div>
    </form>
  );
}
