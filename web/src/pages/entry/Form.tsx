import { type FormEvent, type ReactNode, useState } from "react";
import { Button } from "../../ui/Button";

/** Reads fields by name; passwords are taken as they are. */
export type Fields = (name: string) => string;

/** A form that is sent once at a time and shows what went wrong beside its button. */
export function EntryForm({ send, action, children }: { send: (fields: Fields) => Promise<void>; action: string; children?: ReactNode }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  async function submit(e: FormEvent<HTMLFormElement>) {
    e.preventDefault();
    const form = new FormData(e.currentTarget);
    setBusy(true);
    setError(undefined);
    try {
      await send((name) => {
        const value = String(form.get(name) ?? "");
        return name.startsWith("password") ? value : value.trim();
      });
    } catch (e) {
      setError(e instanceof Error ? e.message : String(e));
    } finally {
      setBusy(false);
    }
  }
  return (
    <form onSubmit={submit} className="entry-form">
      {children}
      {error && <p className="error-text" role="alert">{error}</p>}
      <Button type="submit" kind="primary" busy={busy}>{action}</Button>
    </form>
  );
}

/** A new password; the same rule as the server's, said before it is broken. */
export function NewPassword({ name = "password", label = "New password" }: { name?: string; label?: string }) {
  return (
    <label>
      {label}
      <input name={name} type="password" required minLength={8} maxLength={256} autoComplete="new-password" aria-describedby={`${name}-rule`} />
      <span className="muted small" id={`${name}-rule`}>At least 8 characters</span>
    </label>
  );
}
