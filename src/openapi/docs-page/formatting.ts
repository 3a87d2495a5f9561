import { type Html, html } from "../../core/page/html.ts";

/** Renders a text in which backticks mark code. */
export const prose = (text: string): Html[] =>
  text.split("`").map((piece, index) => (index % 2 === 0 ? html`${piece}` : html`<code>${piece}</code>`));

export const pretty = (value: unknown): string => JSON.stringify(value, null, 2);
