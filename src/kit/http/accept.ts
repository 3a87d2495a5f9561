const maxRanges = 50;

/**
 * Returns the form of an answer that an `Accept` header prefers (RFC 9110, 12.5.1), or undefined if the header accepts
 * none. `offered` has the forms by media type.
 */
export function preferredForm<Forms extends Readonly<Record<string, string>>>(
  accept: string,
  offered: Forms,
): Forms[keyof Forms] | undefined {
  const ranges = accept.trim() === "" ? [anything] : accept.split(",", maxRanges).map(toRange);
  let best: { type: string; quality: number; order: number } | undefined;
  for (const type of Object.keys(offered)) {
    const { quality, order } = mostSpecific(ranges, type);
    const isBetter = best === undefined || quality > best.quality || (quality === best.quality && order < best.order);
    if (quality > 0 && isBetter) best = { type, quality, order };
  }
  return best === undefined ? undefined : offered[best.type as keyof Forms];
}

type MediaRange = { type: string; subtype: string; quality: number };

const anything: MediaRange = { type: "*", subtype: "*", quality: 1 };

/** Parses a media range. Ignores parameters other than `q`, because each type is offered in one variant only. */
function toRange(text: string): MediaRange {
  const [name = "", ...parameters] = text.split(";");
  const [type = "", subtype = ""] = name.trim().toLowerCase().split("/");
  const quality = parameters.map((parameter) => /^\s*q=(\d(?:\.\d{0,3})?)\s*$/i.exec(parameter)?.[1]).find(Boolean);
  return { type, subtype, quality: quality === undefined ? 1 : Math.min(1, Number(quality)) };
}

/**
 * Returns the most specific range that matches the offered type. `text/html` is more specific than `text/*`, and
 * `text/*` than the range for all types. `order` is the position of the range in the header.
 */
function mostSpecific(ranges: readonly MediaRange[], offered: string): { quality: number; order: number } {
  const [type = "", subtype = ""] = offered.split("/");
  const matches = [
    (range: MediaRange) => range.type === type && range.subtype === subtype,
    (range: MediaRange) => range.type === type && range.subtype === "*",
    (range: MediaRange) => range.type === "*" && range.subtype === "*",
  ];
  for (const isMatch of matches) {
    const order = ranges.findIndex(isMatch);
    const range = ranges[order];
    if (range !== undefined) return { quality: range.quality, order };
  }
  return { quality: 0, order: -1 };
}
