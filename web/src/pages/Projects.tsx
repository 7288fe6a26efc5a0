import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { queries } from "../api/queries";
import { FirstSteps } from "../components/FirstSteps";
import { PageHead } from "../components/PageHead";
import { ProjectDialog } from "../components/ProjectDialog";
import { Link } from "../ui/Link";
import { Button } from "../ui/Button";
import { Answered, Empty } from "../ui/States";
import { useTitle } from "../util/hooks";
import { paths } from "../util/paths";

export function Projects() {
  const projects = useQuery(queries.projects());
  const [word, setWord] = useState("");
  const [making, setMaking] = useState(false);
  useTitle("Projects");
  return (
    <>
      <PageHead title="Projects" actions={<Button kind="primary" onClick={() => setMaking(true)}>New project…</Button>} />
      {making && <ProjectDialog onClose={() => setMaking(false)} />}
      <Answered query={projects}>
        {(all) => {
          if (all.length === 0) return <><Empty title="There is no project yet" /><FirstSteps /></>;
          const low = word.toLowerCase();
          const shown = all.filter((p) => `${p.key} ${p.name} ${p.description}`.toLowerCase().includes(low));
          return (
            <>
              {all.length > 8 && <input className="filter" type="search" aria-label="Filter projects" placeholder="Filter projects" value={word} onChange={(e) => setWord(e.target.value)} />}
              <ul className="tiles">
                {shown.map((p) => (
                  <li key={p.key}>
                    <Link {...paths.project(p.key)} className="card tile">
                      <span className="chip">{p.key}</span>
                      <strong>{p.name}</strong>
                      <span className="muted small">{p.description || "No description"}</span>
                    </Link>
                  </li>
                ))}
              </ul>
              {shown.length === 0 && <Empty title={`No project is called “${word}”`}><button type="button" className="link" onClick={() => setWord("")}>Show all</button></Empty>}
            </>
          );
        }}
      </Answered>
    </>
  );
}
