import type { PositionedEvent } from "./repository.ts";

/** Events as they go over the wire, all of those after one position and up to another. */
export type Frame = { after: number; position: number; events: number; bytes: Buffer };

const fullBytes = 16_384;

/** Made once for all who read them. Small events share a frame: what costs is the number of writes. */
export function framesOf(after: number, events: readonly PositionedEvent[]): Frame[] {
  const frames: Frame[] = [];
  let texts: string[] = [];
  let from = after;
  let length = 0;
  for (const [index, event] of events.entries()) {
    const text = textOf(event);
    texts.push(text);
    length += text.length;
    if (length < fullBytes && index < events.length - 1) continue;
    frames.push({ after: from, position: event.position, events: texts.length, bytes: Buffer.from(texts.join("")) });
    texts = [];
    from = event.position;
    length = 0;
  }
  return frames;
}

function textOf({ id, position, type, requestId, unitId, at, data }: PositionedEvent): string {
  return `id: ${position}\ndata: ${JSON.stringify({ id, type, requestId, unitId, at, data })}\n\n`;
}

const reconnectMs = 2000;

/** Names the position at once, so that a client that is cut off before its first event resumes without loss. */
export const openingOf = (position: number): Buffer => Buffer.from(`retry: ${reconnectMs}\n\nid: ${position}\n\n`);

export const heartbeat = Buffer.from(":\n\n");
