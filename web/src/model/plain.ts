import { parseAnsi } from "./ansi";

/** Text of a program without its colours, where there is no log to show them in: reports of tests have them too. */
export function plainText(text: string): string {
  return text.split("\n").map((line) => parseAnsi(line).map((span) => span.text).join("")).join("\n");
}
