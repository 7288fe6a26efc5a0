// Where the links of mails lead. The token is behind the #, so that no server or proxy writes it down.
import { useQuery } from "@tanstack/react-query";
import { useLocation, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { client, data, Failure } from "../../api/client";
import { queries } from "../../api/queries";
import { Link } from "../../ui/Link";
import { setToken } from "../../session";
import { paths } from "../../util/paths";
import { Card } from "./Card";
import { EntryForm, NewPassword } from "./Form";

/** The token of the address; kept, as the address loses it with the first step. */
function useTokenOfAddress(): string {
  const hash = useLocation({ select: (at) => at.hash });
  const [first] = useState(hash);
  return hash || first;
}

const isSpent = (e: unknown) => e instanceof Failure && e.status === 400 && e.body.id === 82;

/** The account is confirmed by a click, not by opening: programs that look into mails open links too. */
export function Verify() {
  const navigate = useNavigate();
  const token = useTokenOfAddress();
  const options = useQuery(queries.authOptions()).data;
  const [spent, setSpent] = useState(!token);
  if (spent) {
    return (
      <Card title="This link does not work any more">
        <p role="alert">{token ? "It was used already, or it is older than a day." : "The address has no token: copy the whole link from the mail."}</p>
        <p className="muted">If you have opened it before, your account is confirmed: sign in. Otherwise sign up again, and another mail is sent.</p>
        <p className="entry-links"><Link {...paths.home()}>Sign in</Link><Link {...paths.signUp()}>Sign up again</Link></p>
      </Card>
    );
  }
  return (
    <Card title="Confirm your account">
      <p>One click, and your account is active.</p>
      <EntryForm
        action="Confirm and sign in"
        send={async (f) => {
          const init = f("init_token");
          try {
            const session = await data(client.POST("/v1/auth/signup/verify", { body: { token, ...(init && { init_token: init }) } }));
            setToken(session.token);
            await navigate({ ...paths.home(), replace: true });
          } catch (e) {
            if (!isSpent(e)) throw e;
            setSpent(true);
          }
        }}
      >
        {options?.first_admin && <label>Init token, to administer this server (may stay empty)<input name="init_token" autoComplete="off" spellCheck={false} /></label>}
      </EntryForm>
    </Card>
  );
}

export function Forgot() {
  const options = useQuery(queries.authOptions()).data;
  const [sentTo, setSentTo] = useState<string>();
  if (options && !options.mail) {
    return (
      <Card title="Forgot your password?">
        <p>This server sends no mail. Ask an administrator for a link to choose a new password. They make one with:</p>
        <pre>cdsctl user reset-password YOUR-NAME</pre>
        <p className="entry-links"><Link {...paths.home()}>Sign in</Link></p>
      </Card>
    );
  }
  if (sentTo) {
    return (
      <Card title="Read your mail">
        <p role="status">If there is an account with the address <strong>{sentTo}</strong>, a mail with a link is on its way. The link is good for an hour.</p>
        <p className="entry-links"><Link {...paths.home()}>Sign in</Link><button type="button" className="link" onClick={() => setSentTo(undefined)}>Another address</button></p>
      </Card>
    );
  }
  return (
    <Card title="Forgot your password?">
      <p>We send you a link with which you choose a new one.</p>
      <EntryForm
        action="Send the mail"
        send={async (f) => {
          await data(client.POST("/v1/auth/reset", { body: { email: f("email") } }));
          setSentTo(f("email"));
        }}
      >
        <label>Email<input name="email" type="email" required autoFocus autoComplete="email" /></label>
      </EntryForm>
      <p className="entry-links"><Link {...paths.home()}>Sign in</Link></p>
    </Card>
  );
}

export function Reset() {
  const navigate = useNavigate();
  const token = useTokenOfAddress();
  const [spent, setSpent] = useState(!token);
  if (spent) {
    return (
      <Card title="This link does not work any more">
        <p role="alert">{token ? "It was used already, or it is too old." : "The address has no token: copy the whole link from the mail."}</p>
        <p className="entry-links"><Link {...paths.forgot()}>Ask for another link</Link><Link {...paths.home()}>Sign in</Link></p>
      </Card>
    );
  }
  return (
    <Card title="Choose a new password">
      <p>Every open session of your account ends with it. API tokens stay.</p>
      <EntryForm
        action="Set it and sign in"
        send={async (f) => {
          try {
            const session = await data(client.POST("/v1/auth/reset/confirm", { body: { token, password: f("password") } }));
            setToken(session.token);
            await navigate({ ...paths.home(), replace: true });
          } catch (e) {
            if (!isSpent(e)) throw e;
            setSpent(true);
          }
        }}
      >
        <NewPassword />
      </EntryForm>
    </Card>
  );
}
