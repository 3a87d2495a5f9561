export type ShapeLimits = { maxDepth: number; maxValues: number };

/** The exceeded limit, and the top-level field in which it is exceeded. */
export type ShapeFault = { kind: "depth" | "values"; field: string };

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * Counts values and nesting levels in JSON bytes before they are parsed, because 1 MB of `[[],[],…` would become a third
 * of a million arrays. Does not validate the JSON.
 */
export function findShapeFault(bytes: Uint8Array, { maxDepth, maxValues }: ShapeLimits): ShapeFault | undefined {
  let depth = 0;
  let values = 1;
  let stringStart = 0;
  let fieldRange: readonly [number, number] | undefined;
  const createFault = (kind: ShapeFault["kind"]): ShapeFault => ({ kind, field: readName(bytes, fieldRange) });

  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === quote) {
      stringStart = at;
      at = endOfString(bytes, at);
    } else if (byte === colon) {
      if (depth === 1) fieldRange = [stringStart, at];
    } else if (byte === comma) {
      values += 1;
      if (values > maxValues) return createFault("values");
    } else if (byte === openBracket || byte === openBrace) {
      depth += 1;
      values += 1;
      if (depth > maxDepth) return createFault("depth");
      if (values > maxValues) return createFault("values");
    } else if (byte === closeBracket || byte === closeBrace) depth -= 1;
  }
  return undefined;
}

/** Returns the index of the closing quote, or an index past the end for an unterminated string. */
function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at;
}

function readName(bytes: Uint8Array, range: readonly [number, number] | undefined): string {
  if (range === undefined) return "";
  const [start, end] = range;
  const text = Buffer.from(bytes.subarray(start, Math.min(end, start + 400)))
    .toString()
    .trim();
  return text.replaceAll('"', "");
}
