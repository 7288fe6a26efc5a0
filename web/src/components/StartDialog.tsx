import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { queries, startRun } from "../api/queries";
import { chosen, type ParameterField, parameterFields } from "../model/startForm";
import type { Run, Workflow } from "../model/types";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Select } from "../ui/Select";
import { paths } from "../util/paths";

interface Props {
  workflow: Pick<Workflow, "name" | "project_key" | "nodes">;
  /** The run whose payload and parameters the form begins with. */
  before?: Run;
  /** Go on with `before` from this node instead of making a run. */
  from?: string;
  onClose: () => void;
}

/** Starts a run, or a node of one again: fields for what the workflow and its pipeline know, more by hand, or JSON. */
export function StartDialog({ workflow, before, from, onClose }: Props) {
  const navigate = useNavigate();
  const node = workflow.nodes.find((n) => (from === undefined ? n.parents.length === 0 : n.name === from));
  const pipeline = useQuery({ ...queries.pipeline(workflow.project_key, node?.pipeline ?? ""), enabled: !!node?.pipeline });
  const earlier = before?.node_runs.findLast((n) => n.node === node?.name);
  const ran = useQuery(queries.parameters(workflow.project_key, workflow.name, String(before?.number), earlier ? [earlier.id] : []));
  const fields = parameterFields(pipeline.data?.parameters ?? [], node?.parameters, ran.data, node?.name);
  const reading = pipeline.isLoading || ran.isLoading;
  const [values, setValues] = useState<Record<string, string>>({});
  const known = before?.payload ?? node?.payload ?? {};
  const [rows, setRows] = useState(() => Object.entries(known).map(([name, value], id) => ({ id, name, value, fixed: true })));
  const [json, setJson] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();

  function collected(): unknown {
    if (json !== undefined) return json.trim() === "" ? undefined : JSON.parse(json);
    return Object.fromEntries(rows.filter((r) => r.name.trim() !== "").map((r) => [r.name.trim(), r.value]));
  }

  async function start() {
    setBusy(true);
    setError(undefined);
    try {
      const run = await startRun(workflow.project_key, workflow.name, {
        payload: collected(),
        parameters: chosen(fields, values, earlier !== undefined),
        ...(before && from !== undefined && { number: before.number, from_nodes: [from] }),
      });
      onClose();
      await navigate(paths.run(workflow.project_key, workflow.name, run.number));
    } catch (e) {
      setError(e instanceof SyntaxError ? `The payload is not JSON: ${e.message}` : e instanceof Error ? e.message : String(e));
      setBusy(false);
    }
  }

  const change = (id: number, part: Partial<{ name: string; value: string }>) => setRows(rows.map((r) => (r.id === id ? { ...r, ...part } : r)));
  return (
    <Dialog title={from === undefined ? `Start ${workflow.name}` : earlier ? `Run ${from} again` : `Start ${from}`} onClose={onClose}>
      <form className="start" onSubmit={(e) => { e.preventDefault(); void start(); }}>
        {fields.length > 0 && !reading && (
          <fieldset>
            <legend>Parameters of {node?.pipeline}</legend>
            {fields.map((f) => <ParameterInput key={f.name} field={f} value={values[f.name] ?? f.initial} onChange={(value) => setValues({ ...values, [f.name]: value })} />)}
          </fieldset>
        )}
        {json === undefined ? (
          <fieldset>
            <legend>Payload</legend>
            {rows.length === 0 && <p className="muted">This workflow has no default payload. It starts without one.</p>}
            {rows.map((row) =>
              row.fixed ? (
                <label key={row.id}><span>{row.name}</span><input value={row.value} onChange={(e) => change(row.id, { value: e.target.value })} /></label>
              ) : (
                <div key={row.id} className="pair">
                  <input aria-label="Name" placeholder="name" value={row.name} onChange={(e) => change(row.id, { name: e.target.value })} />
                  <input aria-label="Value" placeholder="value" value={row.value} onChange={(e) => change(row.id, { value: e.target.value })} />
                  <button type="button" className="button quiet icon" aria-label="Remove" onClick={() => setRows(rows.filter((r) => r.id !== row.id))}>✕</button>
                </div>
              ),
            )}
            <p className="row">
              <Button kind="quiet" onClick={() => setRows([...rows, { id: Math.max(0, ...rows.map((r) => r.id + 1)), name: "", value: "", fixed: false }])}>+ Add a value</Button>
              <Button kind="quiet" onClick={() => setJson(JSON.stringify(collected(), null, 2))}>Edit as JSON</Button>
            </p>
          </fieldset>
        ) : (
          <label><span>Payload (JSON)</span><textarea rows={10} spellCheck={false} value={json} onChange={(e) => setJson(e.target.value)} /></label>
        )}
        {error && <p className="error-text" role="alert">{error}</p>}
        <div className="dialog-foot">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" busy={busy || reading}>Start</Button>
        </div>
      </form>
    </Dialog>
  );
}

/** A number, or an expression that becomes one. */
const NUMBER = { inputMode: "decimal", pattern: String.raw`-?\d+(\.\d+)?|.*\{\{.*\}\}.*`, title: "A number, such as 4 or 0.5" } as const;

function ParameterInput({ field, value, onChange }: { field: ParameterField; value: string; onChange: (value: string) => void }) {
  const other = field.otherwise === value ? undefined : field.otherwise;
  const rule: { "aria-describedby"?: string } = field.description || other !== undefined ? { "aria-describedby": `about-${field.name}` } : {};
  const note = rule["aria-describedby"] && (
    <p className="small">
      <span className="muted" id={rule["aria-describedby"]}>
        {field.description}{field.description && other !== undefined && ". "}
        {other !== undefined && <>The pipeline’s default is {other === "" ? "empty" : <code>{other}</code>}.</>}
      </span>
      {/* Where there are choices, it is one of them. */}
      {other !== undefined && field.choices.length === 0 && <> <button type="button" className="link" aria-label={`Take the default of ${field.name}`} onClick={() => onChange(other)}>Take the default</button></>}
    </p>
  );
  if (field.choices.length > 0) {
    return (
      <div className="parameter">
        <Select label={field.name} value={value} describedBy={rule["aria-describedby"]} onChange={onChange} choices={field.choices.map((c) => ({ value: c, label: c }))} />
        {note}
      </div>
    );
  }
  return (
    <div className="parameter">
      <label>
        <span>{field.name}</span>
        {field.kind === "text" ? (
          <textarea rows={3} value={value} {...rule} onChange={(e) => onChange(e.target.value)} />
        ) : (
          <input value={value} {...(field.kind === "number" && NUMBER)} {...rule} onChange={(e) => onChange(e.target.value)} />
        )}
      </label>
      {note}
    </div>
  );
}
