import { once } from "node:events";
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { atEnd } from "../at-end.ts";
import { eventually } from "../eventually.ts";
import { bearer, type SignedIn } from "./people.ts";

export type StreamEvent = {
  position: number;
  id: string;
  type: string;
  requestId: string;
  data: Record<string, unknown>;
};

export type OpenStream = {
  status: number;
  headers: IncomingHttpHeaders;
  events: readonly StreamEvent[];
  /** Returns all received text, unchanged. */
  text(): string;
  lastEventId(): string;
  heartbeats(): number;
  /** `ended` if the server ended the response, `cut` if the connection broke. */
  closed: Promise<"ended" | "cut">;
  isClosed(): boolean;
  until(count: number, withinMs?: number): Promise<void>;
  response: IncomingMessage;
  close(): void;
};

export type StreamOptions = { lastEventId?: string | number; query?: string; onEvent?: (event: StreamEvent) => void };

/** Reads a stream as an EventSource does, on its own connection. */
export async function openStream(
  url: string,
  person: Pick<SignedIn, "accessToken">,
  { lastEventId, query = "", onEvent }: StreamOptions = {},
): Promise<OpenStream> {
  const resume = lastEventId === undefined ? {} : { "last-event-id": String(lastEventId) };
  const request = httpRequest(`${url}/api/v1/stream${query}`, {
    agent: false,
    headers: { ...bearer(person), ...resume },
  });
  request.on("error", () => undefined);
  request.end();
  atEnd(() => request.destroy());
  const [response]: IncomingMessage[] = await once(request, "response", { signal: AbortSignal.timeout(10_000) });
  if (response === undefined) throw new Error("no response");
  const { promise: closed, resolve } = Promise.withResolvers<"ended" | "cut">();
  let isClosed = false;
  response.on("error", () => undefined);
  response.once("close", () => {
    isClosed = true;
    resolve(response.complete ? "ended" : "cut");
  });

  const events: StreamEvent[] = [];
  let receivedText = "";
  let incompleteBlock = "";
  let lastId = lastEventId === undefined ? "" : String(lastEventId);
  let heartbeats = 0;
  response.setEncoding("utf8").on("data", (chunk: string) => {
    receivedText += chunk;
    const blocks = (incompleteBlock + chunk).split("\n\n");
    incompleteBlock = blocks.pop() ?? "";
    for (const block of blocks) {
      if (block === ":") heartbeats += 1;
      lastId = /^id: (.*)$/m.exec(block)?.[1] ?? lastId;
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (data === undefined) continue;
      const event: StreamEvent = { position: Number(lastId), ...JSON.parse(data) };
      events.push(event);
      onEvent?.(event);
    }
  });

  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    events,
    text: () => receivedText,
    lastEventId: () => lastId,
    heartbeats: () => heartbeats,
    closed,
    isClosed: () => isClosed,
    async until(count, withinMs = 5000) {
      await eventually(
        () => events.length,
        (seen) => seen >= count,
        withinMs,
        5,
      );
    },
    response,
    close: () => request.destroy(),
  };
}
