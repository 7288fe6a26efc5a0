import { Tooltip } from "@base-ui/react/tooltip";
import { type ButtonHTMLAttributes, type ReactNode, useState } from "react";
import type { Answer } from "../model/can";

interface Props extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "disabled"> {
  kind?: "primary" | "danger" | "quiet" | "plain";
  /** Disabled with its reason: it stays reachable by keyboard, says why, and does nothing. */
  can?: Answer;
  busy?: boolean;
  children?: ReactNode;
}

export function Button({ can, ...rest }: Props) {
  return can ? <Reasoned {...rest} why={can.ok ? undefined : can.why} /> : <Plain {...rest} />;
}

interface Refusing extends Omit<Props, "can"> {
  /** Why it does nothing; without, it does what it says. */
  why?: string;
  /** It was pressed in vain. */
  onRefused?: () => void;
}

function Plain({ kind = "plain", busy, why, onRefused, onClick, className = "", children, ...rest }: Refusing) {
  return (
    <button
      type="button"
      {...rest}
      className={`button ${kind} ${className}`}
      aria-disabled={why !== undefined || busy || undefined}
      aria-description={why}
      aria-busy={busy || undefined}
      onClick={(e) => {
        if (why === undefined && !busy) return onClick?.(e);
        e.preventDefault();
        if (why !== undefined) onRefused?.();
      }}
    >
      {children}
    </button>
  );
}

/** The reason shows for mouse and keyboard, and for a finger that presses in vain. */
function Reasoned({ why, ...rest }: Omit<Props, "can"> & { why?: string }) {
  const [open, setOpen] = useState(false);
  return (
    <Tooltip.Root open={open && why !== undefined} onOpenChange={setOpen}>
      <Tooltip.Trigger delay={150} closeOnClick={false} render={<Plain {...rest} why={why} onRefused={() => setOpen(true)} />} />
      <Tooltip.Portal>
        <Tooltip.Positioner className="popup-place" side="bottom" align="end" sideOffset={6}>
          <Tooltip.Popup className="tip">{why}</Tooltip.Popup>
        </Tooltip.Positioner>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
