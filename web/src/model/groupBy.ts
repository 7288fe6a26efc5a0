/** Neighbours of the same key together, in their order. */
export function groupBy<T>(all: readonly T[], key: (one: T) => string): T[][] {
  const groups: T[][] = [];
  let last: string | undefined;
  for (const one of all) {
    const its = key(one);
    if (its === last) groups.at(-1)?.push(one);
    else groups.push([one]);
    last = its;
  }
  return groups;
}
