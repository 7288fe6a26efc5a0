// Finding by words as people type them: in any order, and what stands between the words of a name is not typed exactly.

/** The words of what was typed. `release-train`, `release_train` and `train release` are the same two. */
export function words(typed: string): string[] {
  return [...new Set(typed.toLowerCase().split(/[\s\-_/#]+/).filter(Boolean))];
}

/** Whether every word stands somewhere in a text. */
export function fits(text: string, wanted: readonly string[]): boolean {
  const low = text.toLowerCase();
  return wanted.every((word) => low.includes(word));
}

/** How well a name fits, the smaller the better: it is what was typed, begins so, has all of it, or is found by what stands beside it. */
export function rank(name: string, wanted: readonly string[]): number {
  const own = words(name).join(" ");
  const typed = wanted.join(" ");
  if (own === typed) return 0;
  if (own.startsWith(typed)) return 1;
  return fits(name, wanted) ? 2 : 3;
}
