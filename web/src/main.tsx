import { CSPProvider } from "@base-ui/react/csp-provider";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { isGone, mayPass } from "./api/client";
import { applyTheme } from "./components/ThemeSwitch";
import { makeRouter } from "./routes";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/pages.css";

/** The longest pause between two tries: the stream that notices a server's return may be another tab's. */
const AGAIN_MS = 1500;
/** Groups give permissions, and no event tells who is new in one: what one may not see is asked for again, at leisure. */
const CLOSED_MS = 15_000;

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // Freshness is the event stream's task; this is the net below it.
      staleTime: 30_000,
      retry: (count, error) => mayPass(error) && count < 3,
      retryDelay: (count) => Math.min(500 * 2 ** count, AGAIN_MS),
      // What could not be read is tried again for as long as it is shown, also if the stream has noticed nothing.
      refetchInterval: ({ state }) => (state.status !== "error" ? false : mayPass(state.error) ? AGAIN_MS : isGone(state.error) && CLOSED_MS),
      refetchOnWindowFocus: ({ state }) => isGone(state.error) && "always",
    },
  },
});

applyTheme();
const router = makeRouter(queryClient);

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      {/* The content policy of the page stays strict: no styles but those of its files. */}
      <CSPProvider disableStyleElements>
        <RouterProvider router={router} />
      </CSPProvider>
    </QueryClientProvider>
  </StrictMode>,
);
