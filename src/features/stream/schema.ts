import { z } from "zod";
import { operation } from "../../http/operation.ts";

const position = z.string().regex(/^[0-9]{1,19}$/, "must be an event id of this stream");

/** The value of the header `Last-Event-ID`, which may be empty before the first event. */
export const lastEventId = z
  .union([z.literal("").transform(() => undefined), position.transform(Number)], "must be an event id of this stream")
  .optional();

export const operations = {
  open: operation({
    id: "openStream",
    method: "get",
    path: "/stream",
    summary: "Stream maintenance events",
    tag: "Maintenance",
    access: "member",
    query: z.strictObject({
      lastEventId: position.optional().meta({
        description: "Like the header `Last-Event-ID`, which a page cannot set on its first connection",
        example: "42",
      }),
    }),
    headers: ["Last-Event-ID"],
    problems: ["rate_limited", "overloaded"],
    answers: {
      200: {
        description:
          "Server-sent events: `id` is the position to resume from, `data` an event of one of the caller's maintenance requests.",
        schema: z.string().meta({ example: 'id: 43\ndata: {"id":"…","type":"noted","requestId":"…",…}\n\n' }),
        contentType: "text/event-stream",
      },
    },
  }),
};
