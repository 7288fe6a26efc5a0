import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { client, data } from "../api/client";
import { queries } from "../api/queries";
import { PageHead } from "../components/PageHead";
import { ago } from "../model/time";
import type { Token } from "../model/types";
import { Button } from "../ui/Button";
import { Select } from "../ui/Select";
import { Answered } from "../ui/States";
import { type Column, DataTable } from "../ui/table";
import { report, toast } from "../ui/toast";
import { useNow, useTitle } from "../util/hooks";
import { EntryForm, NewPassword } from "./entry/Form";

const SCOPES = [{ value: "", label: "do all that you may" }, { value: "read", label: "read" }, { value: "run", label: "start and stop runs" }, { value: "workflow", label: "change workflows" }];

/** Who is signed in: password, sessions and tokens. */
export function Account() {
  const me = useQuery(queries.me());
  useTitle("Your account");
  return (
    <>
      <PageHead title={me.data?.fullname || me.data?.username || "Your account"} note={me.data && <span className="facts"><span>{me.data.username}</span><span className="chip">{me.data.ring}</span></span>} />
      <div className="account">
        <section className="card" aria-labelledby="password">
          <h2 id="password">Password</h2>
          <PasswordForm />
        </section>
        <Tokens />
      </div>
    </>
  );
}

function PasswordForm() {
  const queryClient = useQueryClient();
  // A fresh form after each change: no password stays in the page.
  const [done, setDone] = useState(0);
  return (
    <EntryForm
      key={done}
      action="Change the password"
      send={async (f) => {
        await data(client.POST("/v1/auth/password", { body: { current: f("password-current"), password: f("password") } }));
        setDone(done + 1);
        toast("Your password is changed. Your other sessions have ended.");
        await queryClient.invalidateQueries({ queryKey: ["auth", "tokens"] });
      }}
    >
      <label>Current password<input name="password-current" type="password" required autoComplete="current-password" /></label>
      <NewPassword />
      <p className="muted small">Your other sessions end with it. API tokens stay: revoke those you do not trust below.</p>
    </EntryForm>
  );
}

function Tokens() {
  const tokens = useQuery(queries.tokens());
  const queryClient = useQueryClient();
  const now = useNow(true, 30_000);
  const [secret, setSecret] = useState<string>();
  const again = () => queryClient.invalidateQueries({ queryKey: ["auth", "tokens"] });
  const revoke = (t: Token) => data(client.DELETE("/v1/auth/tokens/{id}", { params: { path: { id: t.id } } })).then(again).catch(report);
  return (
    <section className="card" aria-labelledby="tokens">
      <h2 id="tokens">Sessions and API tokens</h2>
      <p className="muted">A token lets a program act for you, until its end. Its secret is shown once.</p>
      {secret && (
        <p className="note" role="status">
          The new token: <code className="secret">{secret}</code>
          <Button kind="quiet" onClick={() => void navigator.clipboard?.writeText(secret).then(() => toast("Copied"))}>Copy</Button>
          <Button kind="quiet" onClick={() => setSecret(undefined)}>Done</Button>
        </p>
      )}
      <EntryForm
        action="Make a token"
        send={async (f) => {
          const scopes = f("scopes") ? [f("scopes")] : [];
          const made = await data(client.POST("/v1/auth/tokens", { body: { name: f("name"), description: "", scopes, duration_days: Number(f("days")) || 0 } }));
          setSecret(made.secret);
          await again();
        }}
      >
        <div className="row">
          <label>Name<input name="name" required maxLength={100} placeholder="what it is for" /></label>
          <Select label="May" name="scopes" choices={SCOPES} />
          <label>Days<input name="days" type="number" min={1} max={3650} defaultValue={365} /></label>
        </div>
      </EntryForm>
      <Answered query={tokens} rows={2}>
        {(all) => <DataTable label="All sessions and tokens" rows={all} rowKey={(t) => t.id} columns={COLUMNS} context={{ now, revoke }} />}
      </Answered>
    </section>
  );
}

const COLUMNS: Column<Token, { now: number; revoke: (t: Token) => Promise<unknown> }>[] = [
  { id: "name", head: "Name", value: (t) => t.name, cell: (t) => <><strong>{t.name}</strong>{t.current && <span className="chip"> this session</span>}{t.scopes.map((s) => <span key={s} className="chip">{s}</span>)}</> },
  { id: "kind", head: "Kind", value: (t) => (t.type === "api" ? "API token" : "session"), className: "muted" },
  { id: "used", head: "Last used", value: (t) => t.last_used ?? undefined, cell: (t, { now }) => (t.last_used ? ago(t.last_used, now) : "never"), className: "muted nowrap" },
  { id: "ends", head: "Ends", value: (t) => t.expires, cell: (t) => t.expires.slice(0, 10), className: "muted nowrap" },
  {
    id: "revoke",
    head: ".Revoke",
    cell: (t, { revoke }) => <Button kind="quiet" aria-label={`Revoke ${t.name}`} can={t.current ? { ok: false, why: "This is the session you are in: sign out instead." } : { ok: true }} onClick={() => void revoke(t)}>Revoke</Button>,
  },
];
