// Rare states, one at a time, chosen at the foot of the page and kept in this tab.
export const STATES = {
  usual: "A usual day",
  gate: "A gate that I may not open",
  waits: "A run of which nothing runs",
  parked: "A run that can't be read",
  cut: "The connection is cut",
  empty: "Nothing there: no project, empty queue",
  forbidden: "Nothing allowed (403)",
  down: "The server is down",
  long: "Long names",
  thousands: "Thousands of jobs and workflows",
} as const;

export type State = keyof typeof STATES;
const KEY = "demo.state";

export function state(): State {
  const found = sessionStorage.getItem(KEY) ?? "usual";
  return found in STATES ? (found as State) : "usual";
}

/** A line at the foot that says what this is. */
export function showStates(): void {
  const bar = document.createElement("div");
  bar.className = "demo-bar";
  const label = document.createElement("label");
  label.textContent = "Demo with made-up data. State: ";
  const select = document.createElement("select");
  for (const [name, text] of Object.entries(STATES)) select.add(new Option(text, name, false, name === state()));
  select.onchange = () => {
    sessionStorage.setItem(KEY, select.value);
    location.reload();
  };
  label.append(select);
  bar.append(label);
  document.body.append(bar);
}
