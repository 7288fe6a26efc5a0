import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { client, data } from "../api/client";
import { projectKeyOf } from "../model/projectKey";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { paths } from "../util/paths";

/** Makes a project: a name, and a key that follows it until somebody writes their own. */
export function ProjectDialog({ onClose }: { onClose: () => void }) {
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [key, setKey] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const shown = key ?? projectKeyOf(name);

  async function make() {
    setBusy(true);
    setError(undefined);
    try {
      await data(client.POST("/v1/projects", { body: { key: shown, name } }));
      await queryClient.invalidateQueries({ queryKey: ["projects"] });
      onClose();
      await navigate(paths.project(shown));
    } catch (e) {
      setError(e instanceof Error ? e.message : String(e));
      setBusy(false);
    }
  }

  return (
    <Dialog title="New project" onClose={onClose}>
      <form className="start" onSubmit={(e) => { e.preventDefault(); void make(); }}>
        <label><span>Name</span><input value={name} required maxLength={255} onChange={(e) => setName(e.target.value)} /></label>
        <label>
          <span>Key</span>
          <input value={shown} required pattern="[A-Z0-9]+" title="Capitals and digits" aria-describedby="key-rule" onChange={(e) => setKey(e.target.value.toUpperCase())} />
          <span className="muted small" id="key-rule">Capitals and digits; it stays in addresses and commands</span>
        </label>
        {error && <p className="error-text" role="alert">{error}</p>}
        <div className="dialog-foot">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" busy={busy}>Make the project</Button>
        </div>
      </form>
    </Dialog>
  );
}
