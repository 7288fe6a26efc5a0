import { Dialog as Base } from "@base-ui/react/dialog";
import { type ReactNode, useRef } from "react";

/** A modal: focus stays inside and goes back where it was, Escape and a press beside it close. */
export function Dialog({ title, onClose, children, className = "" }: { title: string; onClose: () => void; children: ReactNode; className?: string }) {
  const popup = useRef<HTMLDivElement>(null);
  return (
    <Base.Root open onOpenChange={(open) => open || onClose()}>
      <Base.Portal>
        <Base.Backdrop className="backdrop" />
        <Base.Popup
          ref={popup}
          className={`dialog ${className}`}
          // The first that can be reached is the button that closes. On touch the keyboard stays down.
          initialFocus={(by) => (by === "touch" ? true : popup.current?.querySelector<HTMLElement>("input, textarea, [role=combobox]"))}
        >
          <div className="dialog-head">
            <Base.Title>{title}</Base.Title>
            <Base.Close className="button quiet icon" aria-label="Close">✕</Base.Close>
          </div>
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
