import { useQuery } from "@tanstack/react-query";
import { client, data } from "../../api/client";
import { queries } from "../../api/queries";
import { Link } from "../../ui/Link";
import { setToken, useEnded } from "../../session";
import { paths } from "../../util/paths";
import { Card } from "./Card";
import { EntryForm } from "./Form";

/** Shown wherever a page needs somebody signed in; the address stays, so that the page opens afterwards. */
export function SignIn() {
  const options = useQuery(queries.authOptions()).data;
  const ended = useEnded();
  return (
    <Card title="Sign in to CDS">
      {ended === "expired" && <p className="note" role="status">Your session has ended. Sign in again to go on where you were.</p>}
      {ended === "signed-out" && <p className="note" role="status">You are signed out.</p>}
      {options?.first_admin && <p className="note">Nobody administers this server yet. Sign up or in with the init token that it printed at its start (<code>cds admin init-token</code> prints it again).</p>}
      <EntryForm
        action="Sign in"
        send={async (f) => {
          const init = f("init_token");
          const session = await data(client.POST("/v1/auth/signin", { body: { username: f("username"), password: f("password"), ...(init && { init_token: init }) } }));
          setToken(session.token);
        }}
      >
        <label>User name<input name="username" required autoFocus autoComplete="username" autoCapitalize="none" spellCheck={false} /></label>
        <label>Password<input name="password" type="password" required autoComplete="current-password" /></label>
        {options?.first_admin && <label>Init token<input name="init_token" autoComplete="off" spellCheck={false} /></label>}
      </EntryForm>
      <p className="entry-links">
        {options?.signup !== false && <Link {...paths.signUp()}>No account yet? Sign up</Link>}
        <Link {...paths.forgot()}>Forgot your password?</Link>
      </p>
    </Card>
  );
}
