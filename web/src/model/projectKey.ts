/** A project's key from its name: capitals and digits, at most 20. */
export function projectKeyOf(name: string): string {
  const plain = name.normalize("NFD").replace(/[̀-ͯ]/g, "");
  return plain.toUpperCase().replace(/[^A-Z0-9]/g, "").slice(0, 20);
}

/** Keys to try for somebody's own project: the plain one first, then with a number. */
export function* ownKeys(username: string): Generator<string> {
  const base = (projectKeyOf(username) || "MY").slice(0, 14);
  yield `${base}FIRST`;
  for (let n = 2; n < 100; n++) yield `${base}FIRST${n}`;
}
