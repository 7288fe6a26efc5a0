import type { ButtonHTMLAttributes, ReactNode } from "react";
import type { Answer } from "../model/can";

interface Props extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "disabled"> {
  kind?: "primary" | "danger" | "quiet" | "plain";
  /** Disabled with its reason: it stays reachable by keyboard, says why, and does nothing. */
  can?: Answer;
  busy?: boolean;
  children?: ReactNode;
}

export function Button({ kind = "plain", can, busy, onClick, className = "", children, ...rest }: Props) {
  const why = can && !can.ok ? can.why : undefined;
  return (
    <button
      type="button"
      {...rest}
      className={`button ${kind} ${className}`}
      aria-disabled={why !== undefined || busy || undefined}
      aria-description={why}
      data-why={why}
      aria-busy={busy || undefined}
      onClick={(e) => {
        if (why !== undefined || busy) return e.preventDefault();
        onClick?.(e);
      }}
    >
      {children}
    </button>
  );
}
