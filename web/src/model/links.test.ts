import { expect, test } from "vitest";
import { links } from "./links";

const found = (text: string) => links(text).flatMap((p) => (p.href ? [p.text] : []));

test("addresses are cut out of the text, which stays whole", () => {
  expect(links("see https://example.com/a?b=1#c and http://x.org.")).toEqual([
    { text: "see " },
    { text: "https://example.com/a?b=1#c", href: "https://example.com/a?b=1#c" },
    { text: " and " },
    { text: "http://x.org", href: "http://x.org/" },
    { text: "." },
  ]);
  expect(links("nothing here")).toEqual([{ text: "nothing here" }]);
  expect(links("")).toEqual([{ text: "" }]);
});

test("what ends a sentence does not belong to them, what is balanced does", () => {
  expect(found("(https://e.org/a_(b))")).toEqual(["https://e.org/a_(b)"]);
  expect(found("[https://e.org/a], 'https://e.org/b'; <https://e.org/c>: https://e.org/d!")).toEqual(["https://e.org/a", "https://e.org/b", "https://e.org/c", "https://e.org/d"]);
});

test("nothing else becomes a link", () => {
  for (const text of ["javascript:alert(1)", "javascript://x/%0aalert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x", "//evil.example", "ftp://x.org", "xhttps://e.org", "https://", "http://"]) {
    expect(found(text), text).toEqual([]);
  }
});

test("a link leads where it seems to", () => {
  expect(found("https://github.com@evil.example/")).toEqual([]);
  expect(found("https://user:secret@e.org/")).toEqual([]);
  expect(found("https://e.org/\u202egro.live")).toEqual(["https://e.org/"]);
  expect(found("https://e.org/\u200bx")).toEqual(["https://e.org/"]);
});

test("endless ones take no time", () => {
  const began = performance.now();
  expect(found(`https://e.org/${"(".repeat(20_000)}${")".repeat(20_000)}`)).toEqual([]);
  links("https://e.org/)".repeat(20_000));
  links(`http://a${")".repeat(20_000)}`);
  expect(performance.now() - began).toBeLessThan(1000);
});
