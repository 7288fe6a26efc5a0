import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { startEvents } from "./api/stream";
import { Shell } from "./components/Shell";
import { entry } from "./pages/entry";
import { usePath } from "./router";
import { page, readAhead } from "./routes";
import { useToken } from "./session";
import { ErrorBoundary } from "./ui/ErrorBoundary";
import { Toasts } from "./ui/toast";

export function App() {
  const token = useToken();
  const path = usePath();
  const queryClient = useQueryClient();
  useEffect(() => {
    if (!token) return;
    const stop = startEvents(queryClient);
    readAhead();
    return () => {
      stop();
      // The next user must not see what this one read.
      queryClient.clear();
    };
  }, [token, queryClient]);
  const front = entry(path, token !== null);
  return (
    <>
      {front === undefined ? (
        <Shell>
          <ErrorBoundary key={path}>
            {page(path)}
          </ErrorBoundary>
        </Shell>
      ) : (
        front
      )}
      <Toasts />
    </>
  );
}
