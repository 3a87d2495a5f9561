import { z } from "zod";
import { operation } from "../../http/operation.ts";

const position = z.string().regex(/^[0-9]{1,19}$/, "must be an id that the stream gave");

/** As the header brings it: empty where nothing was heard yet. */
export const lastEventId = z
  .union([z.literal("").transform(() => undefined), position.transform(Number)], "must be an id that the stream gave")
  .optional();

export const operations = {
  open: operation({
    id: "openStream",
    method: "get",
    path: "/stream",
    summary: "What happens to the caller's maintenance requests, as it happens (server-sent events)",
    tag: "Maintenance",
    access: "member",
    query: z.strictObject({
      lastEventId: position
        .optional()
        .meta({ description: "As `Last-Event-ID`, for a page that was loaded again", example: "42" }),
    }),
    headers: ["Last-Event-ID"],
    problems: ["rate_limited", "overloaded"],
    answers: {
      200: {
        description: "One event after the other: `id` to resume after, and `data`, an event of a maintenance request.",
        schema: z.string().meta({ example: 'id: 43\ndata: {"id":"…","type":"noted","requestId":"…",…}\n\n' }),
        contentType: "text/event-stream",
      },
    },
  }),
};
