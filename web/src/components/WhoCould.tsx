import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { queries } from "../api/queries";
import { standing } from "../model/candidates";
import { Answered } from "../ui/States";

/** Which hatcheries could take a job that waits, and what keeps the others from it; read when it is opened. */
export function WhoCould({ job }: { job: string }) {
  const [open, setOpen] = useState(false);
  return (
    <details className="candidates" onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>Who could take it?</summary>
      {open && <Candidates job={job} />}
    </details>
  );
}

function Candidates({ job }: { job: string }) {
  const query = useQuery(queries.candidates(job));
  return (
    <Answered query={query} rows={1}>
      {({ position, groups, hatcheries }) => {
        if (position === undefined) return <p className="muted">It does not wait for a worker any more.</p>;
        return (
          <>
            <p className="muted small">
              {position === 1 ? "Next in line" : `Place ${position} in line`} among jobs that want the same.
              {groups.length > 0 && ` Only hatcheries of the groups ${groups.join(", ")} may run it.`}
            </p>
            {hatcheries.length === 0 && <p>No hatchery is registered: nobody could. Start one: <code>cds hatchery --help</code></p>}
            <ul>
              {hatcheries.map((h) => {
                const { tone, text } = standing(h);
                return (
                  <li key={h.hatchery}>
                    <span className={`dot ${tone}`} aria-hidden="true" />
                    <span><strong>{h.hatchery}</strong> {text}</span>
                    {(h.obstacles.length > 0 || h.last_error) && (
                      <ul>
                        {h.obstacles.map((o) => <li key={o}>{o}</li>)}
                        {h.last_error && <li>last refusal: {h.last_error}</li>}
                      </ul>
                    )}
                  </li>
                );
              })}
            </ul>
          </>
        );
      }}
    </Answered>
  );
}
