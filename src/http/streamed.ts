import { once } from "node:events";
import type { Request, Response } from "express";
import type { Reply, ReplyHeaders } from "./responses.ts";

/** Texts are joined to chunks of about this length, so that a long response has few writes. */
const chunkLength = 16_384;

/**
 * A response that is written while its texts are read, so that a long response needs no more memory than a short one. If
 * the client is slow, reading pauses, at most until the deadline of the request. If reading fails, the connection is
 * closed, so that the client detects that the response is incomplete.
 */
export const streamed = (contentType: string, texts: AsyncIterable<string>, headers: ReplyHeaders = {}): Reply => ({
  send(request, response) {
    response.statusCode = 200;
    response.setHeader("Content-Type", contentType);
    for (const name in headers) response.setHeader(name, headers[name] ?? "");
    if (request.method === "HEAD") return void response.end();
    void write(texts, request, response).catch(() => request.socket.destroy());
  },
});

async function write(texts: AsyncIterable<string>, request: Request, response: Response): Promise<void> {
  const { signal } = request.context;
  let chunk = "";
  for await (const text of texts) {
    signal.throwIfAborted();
    chunk += text;
    if (chunk.length < chunkLength) continue;
    if (!response.write(chunk)) await once(response, "drain", { signal });
    chunk = "";
  }
  response.end(chunk);
}

/** Reads all items of a list, page by page, newest first. */
export async function* allItems<Item extends { id: string }>(
  read: (page: { below: string; take: number }) => Promise<{ items: Item[] }>,
): AsyncGenerator<Item> {
  let below = "ffffffff-ffff-ffff-ffff-ffffffffffff";
  for (;;) {
    const { items } = await read({ below, take: itemsPerPage });
    yield* items;
    const last = items.at(-1);
    if (last === undefined || items.length < itemsPerPage) return;
    below = last.id;
  }
}

const itemsPerPage = 200;
