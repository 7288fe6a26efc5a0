import { beforeEach, expect, test, vi } from "vitest";

/** A browser's storage, shared by tabs, and what each of them hears of it. */
class Shared {
  items = new Map<string, string>();
  getItem = (key: string) => this.items.get(key) ?? null;
  setItem = (key: string, value: string) => void this.items.set(key, value);
  removeItem = (key: string) => void this.items.delete(key);
}

let storage: Shared | undefined;

/** A page with its own memory. `hear` tells it what another one has done to the storage. */
async function tab() {
  vi.resetModules();
  const heard: Record<string, (event: unknown) => void> = {};
  vi.stubGlobal("addEventListener", (kind: string, listener: (event: unknown) => void) => (heard[kind] = listener));
  const session = await import("./session");
  const hear = () => {
    heard.storage?.({ key: "cds.token", storageArea: storage });
    vi.runAllTimers();
  };
  const back = () => heard.pageshow?.({ persisted: true });
  return { ...session, hear, back };
}

beforeEach(() => {
  vi.useFakeTimers();
  storage = new Shared();
  Object.defineProperty(globalThis, "localStorage", {
    configurable: true,
    get() {
      if (!storage) throw new DOMException("denied", "SecurityError");
      return storage;
    },
  });
});

test("a new tab, or the browser started again, is signed in", async () => {
  (await tab()).setToken("one");
  expect((await tab()).getToken()).toBe("one");
});

test("signing in or out in one tab does so in all", async () => {
  const [a, b] = [await tab(), await tab()];
  a.setToken("one");
  b.hear();
  expect(b.getToken()).toBe("one");
  b.endSession("signed-out");
  a.hear();
  expect(a.getToken()).toBeNull();
});

test("a token that was refused ends its own session, not a newer one of another tab", async () => {
  const [a, b] = [await tab(), await tab()];
  a.setToken("one");
  b.hear();
  a.setToken("two");
  // The answer comes before the news of the storage.
  b.refused("one");
  vi.runAllTimers();
  expect(b.getToken()).toBe("two");
  b.refused("one");
  expect(b.getToken()).toBe("two");
  b.refused("two");
  expect([b.getToken(), storage?.getItem("cds.token")]).toEqual([null, null]);
});

test("another person's session is entered from the sign-in, not from the former one's pages", async () => {
  const [a, b] = [await tab(), await tab()];
  a.setToken("one");
  b.hear();
  a.setToken("two");
  b.refused("one");
  expect(b.getToken()).toBeNull();
  vi.runAllTimers();
  expect(b.getToken()).toBe("two");
});

test("a page out of the browser's memory looks at what has happened", async () => {
  const [a, b] = [await tab(), await tab()];
  a.setToken("one");
  b.back();
  expect(b.getToken()).toBe("one");
});

test("without storage a session lasts as long as the page", async () => {
  storage = undefined;
  const page = await tab();
  page.setToken("one");
  page.back();
  expect(page.getToken()).toBe("one");
  page.refused("one");
  expect(page.getToken()).toBeNull();
});
