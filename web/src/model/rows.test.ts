import { describe, expect, it } from "vitest";
import { Heights, Rows } from "./rows";
import { MOST, TallScroll } from "./tallScroll";

describe("rows", () => {
  it("agrees with adding up one by one, whatever was measured", () => {
    let seed = 7;
    const random = (n: number) => (seed = (seed * 48271) % 2147483647) % n;
    const heads = new Heights(36);
    const lines = new Heights(20);
    const known = new Map<number, number>();
    for (let i = 0; i < 500; i++) {
      const [row, height] = [random(3000), 20 * (1 + random(4))];
      const before = known.get(row) ?? 20;
      expect(lines.set(row, height)).toBe(height - before);
      known.set(row, height);
    }
    const rows = new Rows([{ rows: 1, heights: heads }, { rows: 0, heights: lines }, { rows: 1, heights: heads }, { rows: 3000, heights: lines }, { rows: 1, heights: heads }]);
    expect(rows.count).toBe(3003);
    let y = 0;
    for (let i = 0; i < rows.count; i++) {
      const height = i < 2 || i === 3002 ? 36 : (known.get(i - 2) ?? 20);
      if (i % 37 === 0 || i > 2990) {
        expect(rows.top(i)).toBe(y);
        expect(rows.at(y)).toBe(i);
        expect(rows.at(y + height - 1)).toBe(i);
      }
      y += height;
    }
    expect(rows.height).toBe(y);
    expect(rows.find(2)).toMatchObject({ nth: 3, row: 0 });
    expect(rows.index(3, 5)).toBe(7);
    expect(rows.find(3003)).toBeUndefined();
    expect(rows.at(1e9)).toBe(3002);
  });

  it("costs nothing for rows that nobody saw", () => {
    const rows = new Rows([{ rows: 1, heights: new Heights(36) }, { rows: 20_000_000, heights: new Heights(20) }]);
    expect(rows.top(10_000_001)).toBe(36 + 200_000_000);
    expect(rows.at(36 + 200_000_010)).toBe(10_000_001);
  });
});

describe("scrolling through more than a browser places", () => {
  const total = 200_000_000;
  const tall = () => {
    const scroll = new TallScroll();
    scroll.resize(total, 800);
    return scroll;
  };

  it("is plain where the browser can do it", () => {
    const scroll = new TallScroll();
    scroll.resize(5000, 800);
    scroll.moved(1234);
    expect([scroll.top, scroll.shift, scroll.placed]).toEqual([1234, 0, 5000]);
    expect(scroll.go(9999)).toBe(4200);
    expect(scroll.settle()).toBeUndefined();
  });

  it("jumps with the scroll bar and reaches both ends", () => {
    const scroll = tall();
    scroll.moved((MOST - 800) / 2);
    expect(scroll.top).toBeCloseTo((total - 800) / 2, -1);
    scroll.moved(MOST - 800);
    expect(scroll.top).toBe(total - 800);
    scroll.moved(0);
    expect(scroll.top).toBe(0);
  });

  it("moves by the pixels of the wheel, and the bar follows unseen", () => {
    const scroll = tall();
    let place = scroll.go(100_000_000);
    for (let i = 1; i <= 100; i++) {
      scroll.moved((place += 120));
      expect(scroll.top).toBe(100_000_000 + i * 120);
    }
    const settled = scroll.settle();
    expect(settled).toBeDefined();
    expect(scroll.top).toBe(100_012_000);
    // The event that this causes changes nothing.
    scroll.moved(settled as number);
    expect(scroll.top).toBe(100_012_000);
    expect(scroll.settle()).toBeUndefined();
  });

  it("keeps its place while the list grows", () => {
    const scroll = tall();
    scroll.go(50_000_000);
    scroll.resize(total + 20_000, 800);
    expect(scroll.top).toBe(50_000_000);
  });
});
