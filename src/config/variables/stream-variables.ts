import { milliseconds, wholeNumber } from "../parsers/values.ts";

export const streamVariables = {
  STREAM_MAX: wholeNumber(1, 1_000_000, "a whole number")
    .default(10_000)
    .describe("Maximum number of open event streams"),
  STREAM_MAX_PER_USER: wholeNumber(1, 1_000_000, "a whole number")
    .optional()
    .describe(
      "Maximum number of open event streams of one user; further ones get 429; default: 50, or half of `STREAM_MAX` if that is less",
    ),
  STREAM_POLL_MS: milliseconds(50)
    .default(1000)
    .describe("Interval at which streams read new events from Postgres, in case a notification through Redis is lost"),
  STREAM_HEARTBEAT_MS: milliseconds(100)
    .default(15_000)
    .describe("Interval of the comments that keep an idle stream open"),
  STREAM_SESSION_CHECK_MS: milliseconds(100)
    .default(5000)
    .describe("Interval at which the session of an open stream is checked"),
  STREAM_BUFFER_BYTES: wholeNumber(1024, 16_777_216, "a whole number of bytes")
    .default(65_536)
    .describe(
      "Maximum unsent bytes that are buffered for a slow client of a stream; later events are read again from Postgres",
    ),
  STREAM_STALL_MS: milliseconds(500)
    .default(10_000)
    .describe("A stream is closed if its client has read nothing for this long; detected within twice this time"),
};
