import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { queries } from "../api/queries";
import { FirstSteps } from "../components/FirstSteps";
import { NoneSeen } from "../components/NoneSeen";
import { PageHead } from "../components/PageHead";
import { ProjectDialog } from "../components/ProjectDialog";
import type { Project } from "../model/types";
import { Link } from "../ui/Link";
import { Button } from "../ui/Button";
import { Select } from "../ui/Select";
import { Answered, Empty } from "../ui/States";
import { type Column, useRows } from "../ui/table";
import { useTitle } from "../util/hooks";
import { paths } from "../util/paths";

export function Projects() {
  const projects = useQuery(queries.projects());
  const [making, setMaking] = useState(false);
  useTitle("Projects");
  return (
    <>
      <PageHead title="Projects" actions={<Button kind="primary" onClick={() => setMaking(true)}>New project…</Button>} />
      {making && <ProjectDialog onClose={() => setMaking(false)} />}
      <Answered query={projects}>
        {(all) => (all.length === 0 ? <><NoneSeen title="There is no project yet" /><FirstSteps /></> : <Tiles projects={all} />)}
      </Answered>
    </>
  );
}

const ORDERS = [{ value: "", label: "As they come" }, { value: "name", label: "Name" }, { value: "key", label: "Key" }];
const COLUMNS: Column<Project>[] = [
  { id: "name", head: "Name", value: (p) => p.name },
  { id: "key", head: "Key", value: (p) => p.key },
];
const textOf = (p: Project) => `${p.key} ${p.name} ${p.description}`;

function Tiles({ projects: all }: { projects: Project[] }) {
  const [word, setWord] = useState("");
  const [order, setOrder] = useState("");
  const { shown } = useRows({ rows: all, columns: COLUMNS, text: textOf, word, sort: useMemo(() => (order ? [{ id: order, desc: false }] : []), [order]) });
  return (
    <>
      {all.length > 8 && (
        <div className="filters">
          <input className="filter" type="search" aria-label="Filter projects" placeholder="Filter projects" value={word} onChange={(e) => setWord(e.target.value)} />
          <Select label="Order" className="inline" value={order} choices={ORDERS} onChange={setOrder} />
        </div>
      )}
      <ul className="tiles">
        {shown.map(({ original: p }) => (
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
}
