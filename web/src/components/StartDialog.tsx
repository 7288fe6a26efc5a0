import { useState } from "react";
import { startRun } from "../api/queries";
import type { Workflow } from "../model/types";
import { navigate } from "../router";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { paths } from "../util/paths";

/** Starts a run with a payload: fields for what the workflow knows, more by hand, or JSON as a whole. */
export function StartDialog({ workflow, payload, onClose }: { workflow: Pick<Workflow, "name" | "project_key" | "nodes">; payload?: Record<string, string>; onClose: () => void }) {
  const root = workflow.nodes.find((n) => n.parents.length === 0);
  const known = payload ?? root?.payload ?? {};
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
      const run = await startRun(workflow.project_key, workflow.name, { payload: collected() });
      onClose();
      navigate(paths.run(workflow.project_key, workflow.name, run.number));
    } catch (e) {
      setError(e instanceof SyntaxError ? `The payload is not JSON: ${e.message}` : e instanceof Error ? e.message : String(e));
      setBusy(false);
    }
  }

  const change = (id: number, part: Partial<{ name: string; value: string }>) => setRows(rows.map((r) => (r.id === id ? { ...r, ...part } : r)));
  return (
    <Dialog title={`Start ${workflow.name}`} onClose={onClose}>
      <form className="start" onSubmit={(e) => { e.preventDefault(); void start(); }}>
        {json === undefined ? (
          <>
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
          </>
        ) : (
          <label><span>Payload (JSON)</span><textarea rows={10} spellCheck={false} value={json} onChange={(e) => setJson(e.target.value)} /></label>
        )}
        {error && <p className="error-text" role="alert">{error}</p>}
        <div className="dialog-foot">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" busy={busy}>Start</Button>
        </div>
      </form>
    </Dialog>
  );
}
