/** Maps the milliseconds of a timeline to a horizontal position. */
export type Scale = (ms: number) => number;

export const width = 820;
/** The horizontal positions of the start and the end of the time axis. */
export const left = 132;
export const right = width - 16;

export const text = (x: number, y: number, content: string, classes: string): string =>
  `<text class="${classes}" x="${rounded(x)}" y="${rounded(y)}">${escaped(content)}</text>`;

export const rounded = (value: number): string => String(Math.round(value * 10) / 10);

export const escaped = (words: string): string => words.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
