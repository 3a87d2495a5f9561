import { type Html, html, trusted } from "../../core/page/html.ts";

export type Tone = "good" | "warn" | "bad" | "calm";

/** Drawings of 24 by 24: `S` stands for the solid colour, `C` for lines in the colour of the background. */
const drawings = {
  tick: '<circle cx="12" cy="12" r="10" S/><path d="M7.2 12.4l3.3 3.4 6.3-7.2" C/>',
  triangle: '<path d="M12 2.5 23 21.5H1z" S/><path d="M12 9.5v5.5M12 18v.3" C/>',
  octagon: '<path d="M8 2h8l6 6v8l-6 6H8l-6-6V8z" S/><path d="M8.5 8.5l7 7M15.5 8.5l-7 7" C/>',
  hourglass: '<path d="M4 2h16v3l-6 7 6 7v3H4v-3l6-7-6-7z" S/><path d="M9 18.8h6" C/>',
  arrow: '<path d="M9 2h6v9h6l-9 9-9-9h6zM3 21h18v2H3z" S/>',
  square: '<path d="M3 3h18v18H3z" S/>',
  question: '<path d="M12 1l11 11-11 11L1 12z" S/><path d="M9.6 10a2.4 2.4 0 1 1 3.6 2c-.9.5-1.2 1-1.2 2M12 17v.3" C/>',
} as const;

export type ShapeName = keyof typeof drawings;

const strokeAttributes = 'fill="none" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"';

const symbols = Object.entries(drawings).map(
  ([name, drawing]) =>
    `<symbol id="s-${name}" viewBox="0 0 24 24">${drawing
      .replaceAll("S/>", 'fill="currentColor"/>')
      .replaceAll("C/>", `class="cut" ${strokeAttributes}/>`)}</symbol>`,
);

/** Defines every shape once; `shape` refers to these definitions. */
export const sprite: Html = trusted(`<svg class="sprite" aria-hidden="true">${symbols.join("")}</svg>`);

/** Draws a shape. Screen readers skip it, because the words beside it have the same meaning. */
export const shape = (name: ShapeName, tone?: Tone): Html =>
  html`<svg class="shape${tone === undefined ? "" : ` ${tone}`}" aria-hidden="true"><use href="#s-${name}"/></svg>`;

// These colours are visible on light and on dark browser tabs.
const colours: Readonly<Record<Tone, readonly [solid: string, background: string]>> = {
  good: ["#1f9d61", "#fff"],
  warn: ["#f2b01e", "#2a1c00"],
  bad: ["#d92d20", "#fff"],
  calm: ["#5b8bc9", "#fff"],
};

export function favicon({ shape: name, tone }: { shape: ShapeName; tone: Tone }): string {
  const [solid, background] = colours[tone];
  const drawing = drawings[name]
    .replaceAll("S/>", `fill="${solid}"/>`)
    .replaceAll("C/>", `stroke="${background}" ${strokeAttributes}/>`);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">${drawing}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
