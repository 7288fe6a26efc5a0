// The application over a mock of its API: `npm run demo`, and the static build `npm run build:demo`.
import { setupWorker } from "msw/browser";
import { getToken, setToken } from "../src/session";
import "./demo.css";
import { handlers } from "./handlers";
import { showStates, state } from "./states";

if (!getToken()) setToken("demo");
await setupWorker(...handlers(state())).start({ quiet: true, onUnhandledRequest: "bypass" });
await import("../src/main");
showStates();
