import { expect, test } from "vitest";
import { ago, bytes, duration } from "./time";

test("durations", () => {
  expect([-5, 850, 3700, 12_345, 185_000, 7_440_000, 266_400_000].map(duration)).toEqual(["0s", "850ms", "3.7s", "12s", "3m 05s", "2h 04m", "3d 2h"]);
  expect(duration(NaN)).toBe("");
});

test("instants and sizes", () => {
  const now = Date.parse("2026-01-10T00:00:00Z");
  expect(ago("2026-01-09T23:55:00Z", now)).toBe("5 min ago");
  expect(ago("2025-01-01T00:00:00Z", now)).toBe("2025-01-01");
  expect([0, 999, 1500, 17_300_000].map(bytes)).toEqual(["0 B", "999 B", "1.5 kB", "17 MB"]);
});

test("the date of what is long ago is that of the reader", () => {
  const zone = process.env.TZ;
  process.env.TZ = "Pacific/Auckland";
  expect(ago("2025-01-01T20:00:00Z", Date.parse("2026-01-10T00:00:00Z"))).toBe("2025-01-02");
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});
