// What people want done, each with a key: the server does what it gets twice under one key only once.

/** One wish has one key until it is done, however often it is sent: after an answer that was lost, it is still the same wish. */
export class Intents {
  private readonly keys = new Map<string, string>();

  /** `wish`: all that tells it from others, such as what is sent and which execution it follows. */
  key(wish: unknown): string {
    const name = JSON.stringify(wish);
    const known = this.keys.get(name) ?? randomKey();
    this.keys.set(name, known);
    return known;
  }

  /** The same wish is another one from now on. */
  done(wish: unknown): void {
    this.keys.delete(JSON.stringify(wish));
  }
}

/** `crypto.randomUUID` exists only on https and localhost. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}
