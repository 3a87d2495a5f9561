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

/** Ids have to be unique and not secret, so they come from the fast generator, as in the SDK. */
const eightDigits = (): string => ((Math.random() * 2 ** 32) >>> 0).toString(16).padStart(8, "0");

export const newSpanId = (): string => nonZero(() => eightDigits() + eightDigits());
export const newTraceId = (): string => nonZero(() => eightDigits() + eightDigits() + eightDigits() + eightDigits());

function nonZero(next: () => string): string {
  const id = next();
  return /[1-9a-f]/.test(id) ? id : nonZero(next);
}
