// Short news at the edge of the page; errors stay until they are closed.
import { Toast } from "@base-ui/react/toast";

const manager = Toast.createToastManager();

export function toast(text: string, kind: "info" | "error" = "info"): void {
  manager.add({ description: text, type: kind, timeout: kind === "error" ? 0 : 5000, priority: kind === "error" ? "high" : "low" });
}

/** For promises of actions: what went wrong is shown. */
export function report(error: unknown): void {
  toast(error instanceof Error ? error.message : String(error), "error");
}

export function Toasts() {
  return (
    <Toast.Provider toastManager={manager} limit={4}>
      <Toast.Portal>
        <Toast.Viewport className="toasts"><List /></Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function List() {
  const { toasts } = Toast.useToastManager();
  return toasts.map((t) => (
    <Toast.Root key={t.id} toast={t} className={`toast ${t.type}`} swipeDirection={["right", "down"]}>
      <Toast.Description />
      <Toast.Close className="button quiet icon" aria-label="Close">✕</Toast.Close>
    </Toast.Root>
  ));
}
