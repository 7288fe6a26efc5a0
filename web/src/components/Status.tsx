import { GATE, label, tone } from "../model/status";

/** The sign of a status: shape and colour, so that colour alone carries nothing. */
export function StatusIcon({ status, size = 16 }: { status: string; size?: number }) {
  const kind = status === "" ? "none" : tone(status);
  return (
    <svg className={`status-icon ${kind}`} width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      {kind === "none" ? (
        <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" strokeWidth="1.5" strokeDasharray="2.2 2.5" />
      ) : (
        <>
          <circle cx="8" cy="8" r="7.5" fill="currentColor" opacity={kind === "busy" ? 0.18 : 1} />
          {kind === "good" && <path d="M4.8 8.3l2.3 2.3 4.2-4.7" />}
          {kind === "bad" && <path d="M5.5 5.5l5 5m0-5l-5 5" />}
          {kind === "busy" && <path className="spin" d="M8 2a6 6 0 1 1-6 6" style={{ stroke: "currentColor" }} />}
          {status === GATE && <path d="M6.2 5.2v5.6M9.8 5.2v5.6" />}
          {kind === "wait" && status !== GATE && <path d="M8 4.6V8l2.3 1.5" />}
          {kind === "idle" && (status === "Stopped" ? <path d="M5.6 5.6h4.8v4.8H5.6z" fill="var(--surface)" stroke="none" /> : <path d="M4.8 8h6.4" />)}
        </>
      )}
    </svg>
  );
}

export function StatusBadge({ status }: { status: string }) {
  return (
    <span className={`badge ${status === "" ? "idle" : tone(status)}`}>
      <StatusIcon status={status} size={14} />
      {label(status)}
    </span>
  );
}
