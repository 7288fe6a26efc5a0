import { type FormEvent, useState } from "react";
import { client, data } from "../api/client";
import { Logo } from "../components/icons";
import { setToken } from "../session";
import { Button } from "../ui/Button";
import { useTitle } from "../util/hooks";

export function Login() {
  const [mode, setMode] = useState<"in" | "up">("in");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const [note, setNote] = useState<string>();
  useTitle(mode === "in" ? "Sign in" : "Sign up");

  async function submit(e: FormEvent<HTMLFormElement>) {
    e.preventDefault();
    const form = new FormData(e.currentTarget);
    const text = (name: string) => String(form.get(name) ?? "").trim();
    const username = text("username");
    const password = String(form.get("password") ?? "");
    setBusy(true);
    setError(undefined);
    try {
      if (mode === "up") {
        const done = await data(client.POST("/v1/auth/signup", { body: { username, password, email: text("email"), fullname: text("fullname") } }));
        if (done.status !== "active") {
          setNote("A mail with a link is on its way to you. Open it, then sign in.");
          setMode("in");
          return;
        }
      }
      const session = await data(client.POST("/v1/auth/signin", { body: { username, password } }));
      setToken(session.token);
    } catch (e) {
      setError(e instanceof Error ? e.message : String(e));
    } finally {
      setBusy(false);
    }
  }

  return (
    <main className="login">
      <form onSubmit={submit} className="card">
        <Logo size={44} />
        <h1>{mode === "in" ? "Sign in to CDS" : "Sign up to CDS"}</h1>
        {note && <p className="note" role="status">{note}</p>}
        {mode === "up" && (
          <>
            <label>Full name<input name="fullname" autoComplete="name" /></label>
            <label>Email<input name="email" type="email" required autoComplete="email" /></label>
          </>
        )}
        <label>User name<input name="username" required autoFocus autoComplete="username" autoCapitalize="none" spellCheck={false} /></label>
        <label>Password<input name="password" type="password" required minLength={mode === "up" ? 8 : 1} autoComplete={mode === "in" ? "current-password" : "new-password"} /></label>
        {error && <p className="error-text" role="alert">{error}</p>}
        <Button type="submit" kind="primary" busy={busy}>{mode === "in" ? "Sign in" : "Sign up"}</Button>
        <button type="button" className="link" onClick={() => { setMode(mode === "in" ? "up" : "in"); setError(undefined); }}>
          {mode === "in" ? "No account yet? Sign up" : "I have an account: sign in"}
        </button>
      </form>
    </main>
  );
}
