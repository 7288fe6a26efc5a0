import { Dialog as Base } from "@base-ui/react/dialog";
import { type ReactNode, useEffect, useRef } from "react";
import { Loading } from "./States";

interface Props {
  title: string;
  onClose: () => void;
  /** False: what it holds is still being read. */
  ready?: boolean;
  className?: string;
  children: ReactNode;
}

/** A modal: focus stays inside and goes back where it was, Escape and a press beside it close. */
export function Dialog({ title, onClose, ready = true, children, className = "" }: Props) {
  const popup = useRef<HTMLDivElement>(null);
  // How it was opened: on touch the keyboard stays down.
  const by = useRef<string>(undefined);
  // The first that can be reached is the button that closes.
  const first = () => popup.current?.querySelector<HTMLElement>("input, textarea, [role=combobox]") ?? popup.current?.querySelector<HTMLElement>("form button");
  useEffect(() => {
    if (ready && by.current !== undefined && by.current !== "touch") first()?.focus();
  }, [ready]);
  return (
    <Base.Root open onOpenChange={(open) => open || onClose()}>
      <Base.Portal>
        <Base.Backdrop className="backdrop" />
        <Base.Popup
          ref={popup}
          className={`dialog ${className}`}
          initialFocus={(how) => {
            by.current = how || "keyboard";
            return how === "touch" || (first() ?? popup.current);
          }}
        >
          <div className="dialog-head">
            <Base.Title>{title}</Base.Title>
            <Base.Close className="button quiet icon" aria-label="Close">✕</Base.Close>
          </div>
          {ready ? children : <Loading rows={2} />}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
