import { useId, useMemo } from "react";
import { collected, doubled, fieldsOf, type ParameterField, type PayloadRow, payloadRows } from "../model/startForm";
import { Button } from "../ui/Button";
import { Select } from "../ui/Select";

/** A number, or an expression that becomes one. */
const NUMBER = { inputMode: "decimal", pattern: String.raw`-?\d+(\.\d+)?|.*\{\{.*\}\}.*`, title: "A number, such as 4 or 0.5" } as const;

/** `run`: the one for which somebody may have typed the value. */
export function ParameterInput({ field, value, run, onChange }: { field: ParameterField; value: string; run: number | undefined; onChange: (value: string) => void }) {
  const other = field.otherwise === value ? undefined : field.otherwise;
  const byHand = field.byHand && value === field.initial;
  const about = [field.description, byHand && `Typed by hand for run #${run}`].filter(Boolean).join(". ");
  const rule: { "aria-describedby"?: string } = about || other !== undefined ? { "aria-describedby": `about-${field.name}` } : {};
  const note = rule["aria-describedby"] && (
    <p className="small">
      <span className="muted" id={rule["aria-describedby"]}>
        {about}{about && other !== undefined && ". "}
        {other !== undefined && <>{field.otherwiseOf === "workflow" ? "The workflow sets" : "The pipeline’s default is"} {other === "" ? "empty" : <code>{other}</code>}.</>}
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
          <input type={field.kind === "password" ? "password" : "text"} autoComplete="off" placeholder={field.unknown ? "as the run has it" : undefined} value={value} {...(field.kind === "number" && NUMBER)} {...rule} onChange={(e) => onChange(e.target.value)} />
        )}
      </label>
      {note}
    </div>
  );
}

interface PayloadProps {
  rows: PayloadRow[];
  /** The payload as JSON, if somebody writes it so. */
  json: string | undefined;
  /** Values whose names can't be changed. */
  known: Record<string, string>;
  /** `focus`: a selector of what has the keyboard then; without, it stays. */
  onChange: (change: { rows?: PayloadRow[]; json?: string | undefined }, focus?: string) => void;
}

const ADD = "[data-add]";
const row = (id: number) => `[data-row="${id}"] input`;

export function PayloadInput({ rows, json, known, onChange }: PayloadProps) {
  if (json !== undefined) return <PayloadJson json={json} known={known} onChange={onChange} />;
  const twice = doubled(rows);
  const change = (id: number, part: Partial<PayloadRow>) => onChange({ rows: rows.map((r) => (r.id === id ? { ...r, ...part } : r)) });
  const add = () => {
    const id = Math.max(0, ...rows.map((r) => r.id + 1));
    onChange({ rows: [...rows, { id, name: "", value: "", fixed: false }] }, row(id));
  };
  const remove = (id: number) => {
    const next = rows[rows.findIndex((r) => r.id === id) + 1];
    onChange({ rows: rows.filter((r) => r.id !== id) }, next ? row(next.id) : ADD);
  };
  return (
    <fieldset>
      <legend>Payload</legend>
      {rows.length === 0 && <p className="muted">This workflow has no default payload. It starts without one.</p>}
      {rows.map((it) => (it.fixed ? <label key={it.id} data-row={it.id}><span>{it.name}</span><input value={it.value} onChange={(e) => change(it.id, { value: e.target.value })} /></label> : <Pair key={it.id} row={it} twice={twice.has(it.id)} onChange={(part) => change(it.id, part)} onRemove={() => remove(it.id)} />))}
      <p className="row">
        <Button kind="quiet" data-add onClick={add}>+ Add a value</Button>
        <Button kind="quiet" can={twice.size > 0 ? { ok: false, why: "A name is there twice, and JSON would hold only one of them." } : { ok: true }} onClick={() => onChange({ json: JSON.stringify(collected(rows), null, 2) }, "[data-json]")}>Edit as JSON</Button>
      </p>
    </fieldset>
  );
}

/** A value that somebody adds. */
function Pair({ row: it, twice, onChange, onRemove }: { row: PayloadRow; twice: boolean; onChange: (part: Partial<PayloadRow>) => void; onRemove: () => void }) {
  const id = useId();
  return (
    <div data-row={it.id}>
      <div className="pair">
        <input aria-label="Name" placeholder="name" value={it.name} aria-invalid={twice || undefined} aria-describedby={twice ? id : undefined} onChange={(e) => onChange({ name: e.target.value })} />
        <input aria-label="Value" placeholder="value" value={it.value} onChange={(e) => onChange({ value: e.target.value })} />
        <button type="button" className="button quiet icon" aria-label={it.name ? `Remove ${it.name}` : "Remove"} onClick={onRemove}>✕</button>
      </div>
      {twice && <p className="error-text small" id={id} role="alert">“{it.name.trim()}” is there already: change its value above, or take another name.</p>}
    </div>
  );
}

function PayloadJson({ json, known, onChange }: { json: string } & Pick<PayloadProps, "known" | "onChange">) {
  const back = useMemo(() => fieldsOf(json), [json]);
  return (
    <fieldset>
      <legend>Payload</legend>
      <label><span>JSON</span><textarea data-json rows={10} spellCheck={false} value={json} onChange={(e) => onChange({ json: e.target.value })} /></label>
      <p className="row">
        <Button
          kind="quiet"
          can={"why" in back ? { ok: false, why: back.why } : { ok: true }}
          onClick={() => {
            if ("why" in back) return;
            const rows = payloadRows(back.values, known);
            onChange({ rows, json: undefined }, rows[0] ? row(rows[0].id) : ADD);
          }}
        >
          Edit as fields
        </Button>
      </p>
    </fieldset>
  );
}
