// Scrolling through more than a browser can place: boxes end at some ten million pixels, a log of a gigabyte is twenty
// times as high. The scroll bar then stands for the whole, while wheel and keys move by the pixels they name.

/** Highest box placed. */
export const MOST = 8_000_000;

export class TallScroll {
  private total = 0;
  private view = 0;
  private last = 0;
  /** What stands at the top of the view. */
  top = 0;

  /** Height of the box to place. */
  get placed(): number {
    return Math.min(this.total, MOST);
  }

  /** Add it to a place in the list to get its place in the box. */
  get shift(): number {
    return this.last - this.top;
  }

  /** How much of the list stands below the view. */
  get below(): number {
    return this.end - this.top;
  }

  resize(total: number, view: number): void {
    this.total = total;
    this.view = view;
    this.top = Math.min(this.top, this.end);
    if (total <= MOST) this.last = this.top;
  }

  private get end(): number {
    return Math.max(0, this.total - this.view);
  }

  private get placedEnd(): number {
    return Math.max(0, this.placed - this.view);
  }

  /** The box was scrolled to a place. */
  moved(place: number): void {
    const far = Math.abs(place - this.last) > this.view;
    if (this.total <= MOST) this.top = place;
    else if (place <= 0) this.top = 0;
    else if (place >= this.placedEnd - 1) this.top = this.end;
    else if (far) this.top = place * (this.end / this.placedEnd);
    else this.top = Math.max(0, Math.min(this.end, this.top + place - this.last));
    this.last = place;
  }

  /** Brings a place in the list to the top of the view; returns where to scroll the box to. */
  go(top: number): number {
    this.top = Math.max(0, Math.min(this.end, top));
    this.last = this.total <= MOST ? this.top : Math.round(this.top * (this.placedEnd / this.end));
    return this.last;
  }

  /** Where to scroll the box to, unseen, so that its scroll bar tells the truth again; undefined = it does. */
  settle(): number | undefined {
    if (this.total <= MOST) return undefined;
    const honest = Math.round(this.top * (this.placedEnd / this.end));
    if (Math.abs(honest - this.last) < this.view / 2) return undefined;
    this.last = honest;
    return honest;
  }
}
