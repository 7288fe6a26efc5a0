import { type ReactNode, useEffect, useId, useRef } from "react";

/** A modal on the browser's own <dialog>: focus stays inside, Escape closes. */
export function Dialog({ title, onClose, children, className = "" }: { title: string; onClose: () => void; children: ReactNode; className?: string }) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    // The browser would choose the button that closes.
    dialog?.querySelector<HTMLElement>("input, textarea, select")?.focus();
    return () => dialog?.close();
  }, []);
  return (
    // The backdrop is the dialog itself; its content is one level below.
    <dialog ref={ref} aria-labelledby={id} className={`dialog ${className}`} onCancel={(e) => { e.preventDefault(); onClose(); }} onMouseDown={(e) => e.target === ref.current && onClose()}>
      <div className="dialog-body">
        <div className="dialog-head">
          <h2 id={id}>{title}</h2>
          <button type="button" className="button quiet icon" aria-label="Close" onClick={onClose}>✕</button>
        </div>
        {children}
      </div>
    </dialog>
  );
}
