// Colours of jobs' own choice, made readable. They are chosen for one ground, and logs have two: a light and a dark one.
import type { Style } from "./ansi";

/** Grounds of a log that are hardest to read on, light and dark: of a found line; and those of the palette (`log.css`). */
const PLAIN = ["#ffe9a3", "#352b0a"] as const;
const TINTED = ["#dcdee3", "#30333b"] as const;
/** The letters' usual colours, as in `tokens.css`. */
const TEXT = ["#1b1f29", "#e7eaf1"] as const;
/** The palette as terminals have it, for letters on a ground of a job's own, which is the same in both themes. */
const PALETTE = ["#000000", "#cd0000", "#00cd00", "#cdcd00", "#0000ee", "#cd00cd", "#00cdcd", "#e5e5e5", "#7f7f7f", "#ff0000", "#00ff00", "#ffff00", "#5c5cff", "#ff00ff", "#00ffff", "#ffffff"];

/** WCAG 2.2 AA. */
const LEAST = 4.5;

export interface Colours {
  /** For a style: one of the palette by its number, or a colour that can be read on its ground in both themes. */
  fg: string | undefined;
  bg: string | undefined;
}

const isOwn = (colour: string | undefined): colour is string => colour?.startsWith("#") === true;

/** The colours of a span as they are shown. */
export function readableColours({ fg, bg }: Style): Colours {
  if (!isOwn(fg) && !isOwn(bg)) return { fg, bg };
  if (isOwn(bg)) {
    const letters = fg === undefined ? TEXT : isOwn(fg) ? [fg] : [PALETTE[Number(fg)] ?? TEXT[0]];
    return { fg: pair(letters.map((colour) => readable(colour, bg))), bg };
  }
  return { fg: pair((bg === undefined ? PLAIN : TINTED).map((ground) => readable(fg as string, ground))), bg };
}

const pair = ([light, dark = light]: readonly (string | undefined)[]): string => (light === dark ? `${light}` : `light-dark(${light}, ${dark})`);

/** A colour, as much nearer to black or to white as it takes to be read on a ground; it keeps its hue. */
export function readable(colour: string, ground: string): string {
  if (contrast(colour, ground) >= LEAST) return colour;
  const end = contrast("#000000", ground) >= contrast("#ffffff", ground) ? 0 : 255;
  const [from, own] = [channels(colour), luminance(ground)];
  let [low, high] = [0, 1];
  for (let i = 0; i < 7; i++) {
    const share = (low + high) / 2;
    const mixed = mix(from, end, share);
    // On its way to the far end it may pass the ground's own lightness: before that it is no nearer to be read.
    const beyond = end === 0 ? luminance(mixed) <= own : luminance(mixed) >= own;
    if (beyond && contrast(mixed, ground) >= LEAST) high = share;
    else low = share;
  }
  return mix(from, end, high);
}

/** The contrast of two colours as WCAG has it: 1 to 21. */
export function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = channels(colour).map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

const channels = (colour: string): number[] => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));

function mix(from: readonly number[], end: number, share: number): string {
  return `#${from.map((v) => Math.round(v + (end - v) * share).toString(16).padStart(2, "0")).join("")}`;
}
