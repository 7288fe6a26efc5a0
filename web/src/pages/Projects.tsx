import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { queries } from "../api/queries";
import { PageHead } from "../components/PageHead";
import { Link } from "../router";
import { Answered, Empty } from "../ui/States";
import { useTitle } from "../util/hooks";
import { paths } from "../util/paths";

export function Projects() {
  const projects = useQuery(queries.projects());
  const [word, setWord] = useState("");
  useTitle("Projects");
  return (
    <>
      <PageHead title="Projects" />
      <Answered query={projects}>
        {(all) => {
          if (all.length === 0) return <Empty title="There is no project yet"><p>Make one: <code>cdsctl project create KEY "Its name"</code></p></Empty>;
          const low = word.toLowerCase();
          const shown = all.filter((p) => `${p.key} ${p.name} ${p.description}`.toLowerCase().includes(low));
          return (
            <>
              {all.length > 8 && <input className="filter" type="search" aria-label="Filter projects" placeholder="Filter projects" value={word} onChange={(e) => setWord(e.target.value)} />}
              <ul className="tiles">
                {shown.map((p) => (
                  <li key={p.key}>
                    <Link to={paths.project(p.key)} className="card tile">
                      <span className="chip">{p.key}</span>
                      <strong>{p.name}</strong>
                      <span className="muted small">{p.description || "No description"}</span>
                    </Link>
                  </li>
                ))}
              </ul>
            </>
          );
        }}
      </Answered>
    </>
  );
}
