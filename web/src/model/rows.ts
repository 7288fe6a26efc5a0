// Where the rows of a long list stand, without an object for each: millions of rows cost nothing until they are seen.

const CHUNK = 512;

/** Heights of like rows: one base height, and what measured rows differ from it. */
export class Heights {
  private readonly differences = new Map<number, number>();
  /** Sums of differences by chunk; only chunks with measured rows. */
  private readonly sums = new Map<number, number>();

  constructor(readonly base: number) {}

  /** Notes a measured height; returns by how much the row has grown. */
  set(row: number, height: number): number {
    const grown = height - this.base - (this.differences.get(row) ?? 0);
    if (grown === 0) return 0;
    if (height === this.base) this.differences.delete(row);
    else this.differences.set(row, height - this.base);
    const chunk = Math.floor(row / CHUNK);
    this.sums.set(chunk, (this.sums.get(chunk) ?? 0) + grown);
    return grown;
  }

  /** Where a row begins; of the row after the last one: the height of all. */
  offset(row: number): number {
    let offset = row * this.base;
    if (this.sums.size === 0) return offset;
    const chunk = Math.floor(row / CHUNK);
    for (const [c, sum] of this.sums) if (c < chunk) offset += sum;
    for (let r = chunk * CHUNK; r < row; r++) offset += this.differences.get(r) ?? 0;
    return offset;
  }

  clear(): void {
    this.differences.clear();
    this.sums.clear();
  }
}

export interface Block {
  rows: number;
  heights: Heights;
}

/** Blocks of rows below each other. */
export class Rows<B extends Block> {
  readonly count: number;
  readonly height: number;
  private readonly first: number[] = [];
  private readonly tops: number[] = [];

  constructor(readonly blocks: readonly B[]) {
    let count = 0;
    let height = 0;
    for (const block of blocks) {
      this.first.push(count);
      this.tops.push(height);
      count += block.rows;
      height += block.heights.offset(block.rows);
    }
    this.count = count;
    this.height = height;
  }

  /** The block of a row, its number, and the row's number in it. */
  find(index: number): { block: B; nth: number; row: number } | undefined {
    if (index < 0 || index >= this.count) return undefined;
    const nth = last(this.first, index);
    return { block: this.blocks[nth] as B, nth, row: index - (this.first[nth] as number) };
  }

  /** Index of a row of a block. */
  index(nth: number, row: number): number {
    return (this.first[nth] ?? this.count) + row;
  }

  top(index: number): number {
    const at = this.find(index);
    return at ? (this.tops[at.nth] as number) + at.block.heights.offset(at.row) : index < 0 ? 0 : this.height;
  }

  /** The row at a height, the nearest one outside. */
  at(y: number): number {
    if (y <= 0 || this.count === 0) return 0;
    if (y >= this.height) return this.count - 1;
    const nth = last(this.tops, y);
    const { rows, heights } = this.blocks[nth] as B;
    const inside = y - (this.tops[nth] as number);
    let low = 0;
    let high = rows - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (heights.offset(middle) <= inside) low = middle;
      else high = middle - 1;
    }
    return (this.first[nth] as number) + low;
  }
}

/** The last entry that is not above the value. Blocks without rows share their place with the next one, which wins. */
function last(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((sorted[middle] as number) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
