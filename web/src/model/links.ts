// Addresses in text that others wrote: only http and https, shown as they are, so that a link leads where it says.

export interface Piece {
  text: string;
  href?: string;
}

// Up to white space, quotes, angle brackets, controls, and letters that are not seen or turn the direction of others.
// eslint-disable-next-line no-control-regex
const ADDRESS = /\bhttps?:\/\/[^\s"'`<>\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/gi;
/** Longer ones are no addresses that anybody would follow. */
const LONGEST = 2000;

/** Text cut at the addresses in it. */
export function links(text: string): Piece[] {
  if (!text.includes("://")) return [{ text }];
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    if (match[0].length > LONGEST) continue;
    const address = withoutTail(match[0]);
    const href = safe(address);
    if (!href) continue;
    if (match.index > from) pieces.push({ text: text.slice(from, match.index) });
    pieces.push({ text: address, href });
    from = match.index + address.length;
  }
  if (from < text.length || pieces.length === 0) pieces.push({ text: text.slice(from) });
  return pieces;
}

/** Without what belongs to the sentence: `(see https://example.com/a_(b)).` */
function withoutTail(address: string): string {
  let end = address.length;
  for (; end > 0; end--) {
    const last = address[end - 1] as string;
    if (".,;:!?*|\\".includes(last)) continue;
    const open = { ")": "(", "]": "[", "}": "{" }[last];
    if (!open || count(address, open, end) >= count(address, last, end)) break;
  }
  return address.slice(0, end);
}

function count(text: string, letter: string, end: number): number {
  let n = 0;
  for (let i = 0; i < end; i++) if (text[i] === letter) n++;
  return n;
}

/** The address as a browser understands it. One with a name before an `@` would lead elsewhere than it seems. */
function safe(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  return /^https?:$/.test(url.protocol) && url.username === "" && url.password === "" ? url.href : undefined;
}
