import { expect, test } from "vitest";
import { type Message, SseParser } from "./sse";

test("events in any pieces", () => {
  const text = ": hello\nid: 1\n\nevent: bytes\nid: 2\r\ndata: a\r\ndata: b\r\n\r\ndata:c\n\n";
  for (let size = 1; size < text.length; size++) {
    const got: Message[] = [];
    const parser = new SseParser((m) => got.push(m));
    for (let i = 0; i < text.length; i += size) parser.push(text.slice(i, i + size));
    expect(got).toEqual([
      { id: "1", event: "", data: "" },
      { id: "2", event: "bytes", data: "a\nb" },
      { id: "2", event: "", data: "c" },
    ]);
  }
});
