import type { PositionedEvent } from "./repository.ts";

/** Encoded events: all events after the position `after` up to `position`. */
export type Frame = { after: number; position: number; events: number; bytes: Buffer };

const maxFrameLength = 16_384;

/**
 * Encodes events once for all readers. Small events share a frame, because the number of writes determines the cost.
 */
export function framesOf(after: number, events: readonly PositionedEvent[]): Frame[] {
  const frames: Frame[] = [];
  let texts: string[] = [];
  let frameStart = after;
  let length = 0;
  for (const [index, event] of events.entries()) {
    const text = textOf(event);
    texts.push(text);
    length += text.length;
    if (length < maxFrameLength && index < events.length - 1) continue;
    frames.push({
      after: frameStart,
      position: event.position,
      events: texts.length,
      bytes: Buffer.from(texts.join("")),
    });
    texts = [];
    frameStart = event.position;
    length = 0;
  }
  return frames;
}

function textOf({ id, position, type, requestId, unitId, at, data }: PositionedEvent): string {
  return `id: ${position}\ndata: ${JSON.stringify({ id, type, requestId, unitId, at, data })}\n\n`;
}

const clientRetryMs = 2000;

/** Sends the position first, so that a client that disconnects before its first event resumes without loss. */
export const openingFrame = (position: number): Buffer => Buffer.from(`retry: ${clientRetryMs}\n\nid: ${position}\n\n`);

export const heartbeat = Buffer.from(":\n\n");
