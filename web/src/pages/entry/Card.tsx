import type { ReactNode } from "react";
import { Logo } from "../../components/icons";
import { useTitle } from "../../util/hooks";

/** The frame of every page in front of the sign-in. */
export function Card({ title, children }: { title: string; children: ReactNode }) {
  // The name of the program stands behind every title.
  useTitle(title.replace(/ to CDS$/, ""));
  return (
    <main className="login">
      <div className="card entry">
        <Logo size={44} />
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}
