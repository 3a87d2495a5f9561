/** The caller's position in its trace, as the header `traceparent` gives it (W3C Trace Context). */
export type RemoteParent = { traceId: string; spanId: string; sampled: boolean; state?: string };

const wellFormed = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/;

const maxParentLength = 256;
const maxStateLength = 512;

/** Returns undefined for a missing or malformed header. Later versions may append fields, which are ignored. */
export function readParent(
  traceparent: string | string[] | undefined,
  tracestate?: string | string[],
): RemoteParent | undefined {
  if (typeof traceparent !== "string" || traceparent.length > maxParentLength) return undefined;
  const [, traceId, spanId, flags] = wellFormed.exec(traceparent) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (traceparent.startsWith("00") && traceparent.length !== versionZeroLength) return undefined;
  const sampled = (Number.parseInt(flags, 16) & 1) === 1;
  const state = readState(tracestate);
  return { traceId, spanId, sampled, ...(state !== undefined && { state }) };
}

const versionZeroLength = 55;

function readState(tracestate: string | string[] | undefined): string | undefined {
  const state = Array.isArray(tracestate) ? tracestate.join(",") : tracestate;
  return state !== undefined && state.length <= maxStateLength && /^[\x20-\x7e]+$/.test(state) ? state : undefined;
}

export const formatParent = (traceId: string, spanId: string, sampled: boolean): string =>
  `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;

/** Formatting a number for each id would cost more than the rest of a span. */
const fourDigits = Array.from({ length: 65_536 }, (_, number) => number.toString(16).padStart(4, "0"));

/** Ids must be unique but need not be secret, so they come from the fast generator, as in the SDK. */
function eightDigits(): string {
  const random = (Math.random() * 2 ** 32) >>> 0;
  return `${fourDigits[random >>> 16]}${fourDigits[random & 0xffff]}`;
}

const prefix = nonZero(eightDigits());
let spanCount = 0;

/** Unique in this process by its number, and among processes by a random prefix. */
export function newSpanId(): string {
  spanCount = (spanCount + 1) % 2 ** 32;
  return `${prefix}${fourDigits[spanCount >>> 16]}${fourDigits[spanCount & 0xffff]}`;
}

const tracePrefix = nonZero(eightDigits() + eightDigits());

/** The first half is random for each process. The second half is random for each trace, because samplers read it. */
export const newTraceId = (): string => `${tracePrefix}${eightDigits()}${eightDigits()}`;

/** An id of zeros is invalid. */
function nonZero(id: string): string {
  return id.startsWith("00000000") ? `1${id.slice(1)}` : id;
}
