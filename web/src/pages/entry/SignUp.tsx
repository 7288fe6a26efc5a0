import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { client, data } from "../../api/client";
import { queries } from "../../api/queries";
import { Link } from "../../ui/Link";
import { setToken } from "../../session";
import { paths } from "../../util/paths";
import { Card } from "./Card";
import { EntryForm, NewPassword } from "./Form";

export function SignUp() {
  const navigate = useNavigate();
  const options = useQuery(queries.authOptions()).data;
  const [sentTo, setSentTo] = useState<string>();
  if (options?.signup === false) {
    return (
      <Card title="Sign up is closed">
        <p>This server makes no accounts by itself. Ask an administrator for one.</p>
        <p className="entry-links"><Link {...paths.home()}>Sign in</Link></p>
      </Card>
    );
  }
  if (sentTo) {
    return (
      <Card title="Read your mail">
        <p role="status">A mail with a link is on its way to <strong>{sentTo}</strong>. Open the link within a day: it confirms your account and signs you in.</p>
        <p className="muted">Nothing came? Look among the unwanted mails, or <button type="button" className="link" onClick={() => setSentTo(undefined)}>sign up again</button> with the same name and address: another mail is sent.</p>
        <p className="entry-links"><Link {...paths.home()}>Sign in</Link></p>
      </Card>
    );
  }
  return (
    <Card title="Sign up to CDS">
      {options && !options.mail && <p className="note">This server sends no mail: your account is active at once.</p>}
      <EntryForm
        action="Sign up"
        send={async (f) => {
          const [username, password, email] = [f("username"), f("password"), f("email")];
          const done = await data(client.POST("/v1/auth/signup", { body: { username, password, email, fullname: f("fullname") } }));
          if (done.status !== "active") return setSentTo(email);
          const init = f("init_token");
          const session = await data(client.POST("/v1/auth/signin", { body: { username, password, ...(init && { init_token: init }) } }));
          setToken(session.token);
          await navigate(paths.home());
        }}
      >
        <label>Full name<input name="fullname" autoComplete="name" autoFocus /></label>
        <label>Email<input name="email" type="email" required autoComplete="email" /></label>
        <label>
          User name
          <input name="username" required autoComplete="username" autoCapitalize="none" spellCheck={false} pattern="[a-z0-9._\-]{3,32}" aria-describedby="username-rule" />
          <span className="muted small" id="username-rule">3 to 32 of a-z, 0-9, dot, _ and -</span>
        </label>
        <NewPassword label="Password" />
        {options?.first_admin && !options.mail && <label>Init token, to administer this server<input name="init_token" autoComplete="off" spellCheck={false} /></label>}
      </EntryForm>
      <p className="entry-links"><Link {...paths.home()}>I have an account: sign in</Link></p>
    </Card>
  );
}
