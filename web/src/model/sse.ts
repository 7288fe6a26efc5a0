// Parser of `text/event-stream`: fetch, unlike EventSource, can send the token.

export interface Message {
  id: string;
  event: string;
  data: string;
}

/** Feed it text as it comes; it calls back for each event. Comments count as signs of life only. */
export class SseParser {
  private rest = "";
  private id = "";
  private event = "";
  private data: string[] = [];

  constructor(private readonly emit: (message: Message) => void) {}

  push(text: string): void {
    this.rest += text;
    for (;;) {
      const end = this.rest.search(/\r\n|\n|\r(?!$)/);
      if (end < 0) return;
      const line = this.rest.slice(0, end);
      this.rest = this.rest.slice(this.rest.startsWith("\r\n", end) ? end + 2 : end + 1);
      this.line(line);
    }
  }

  private line(line: string): void {
    if (line === "") {
      // An event without data still moves the id on: a stream that reconnects starts there.
      if (this.data.length > 0 || this.id !== "") this.emit({ id: this.id, event: this.event, data: this.data.join("\n") });
      this.event = "";
      this.data = [];
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "id") this.id = value;
    else if (field === "event") this.event = value;
    else if (field === "data") this.data.push(value);
  }
}
