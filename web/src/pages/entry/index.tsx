// Pages for whoever is not signed in. Links of mails open for everybody: they may be of another account.
import type { ReactNode } from "react";
import { Forgot, Reset, Verify } from "./Links";
import { SignIn } from "./SignIn";
import { SignUp } from "./SignUp";

const FOR_ALL: Record<string, () => ReactNode> = {
  "/signup/verify": () => <Verify />,
  "/reset-password": () => <Reset />,
};
const FOR_STRANGERS: Record<string, () => ReactNode> = {
  "/signup": () => <SignUp />,
  "/forgot-password": () => <Forgot />,
};

/** The page in front of the sign-in at an address; `undefined` = the application shows it. */
export function entry(path: string, signedIn: boolean): ReactNode | undefined {
  const open = FOR_ALL[path];
  if (open) return open();
  if (signedIn) return undefined;
  return FOR_STRANGERS[path]?.() ?? <SignIn />;
}
