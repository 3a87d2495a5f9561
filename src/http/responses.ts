import type { Request, Response } from "express";

/** The result of a handler. Only `send` writes to the response. */
export type Reply = { send(request: Request, response: Response): void };

export type ReplyHeaders = Readonly<Record<string, string>>;

/** A reply that is complete in memory, so that it can be stored and sent again. */
export type CompleteReply = Reply & { status: number; headers: ReplyHeaders; body: string | Buffer };

export const ok = (body: unknown, headers?: ReplyHeaders): CompleteReply => json(200, body, headers);

export const createdJson = (body: unknown, headers?: ReplyHeaders): CompleteReply => json(201, body, headers);

export const noContent = (headers: ReplyHeaders = {}): Reply => completeReply(204, headers, "");

/** The response to a request whose work is done later. */
export const accepted = (headers: ReplyHeaders = {}): Reply => completeReply(202, headers, "");

export const json = (status: number, body: unknown, headers: ReplyHeaders = {}): CompleteReply =>
  jsonText(status, JSON.stringify(body), headers);

export const jsonText = (status: number, text: string, headers: ReplyHeaders = {}): CompleteReply =>
  bytes(status, "application/json; charset=utf-8", `${text}\n`, headers);

export const bytes = (
  status: number,
  contentType: string,
  body: string | Buffer,
  headers: ReplyHeaders = {},
): CompleteReply => completeReply(status, { "Content-Type": contentType, ...headers }, body);

export const completeReply = (status: number, headers: ReplyHeaders, body: string | Buffer): CompleteReply => ({
  status,
  headers,
  body,
  send(_request, response) {
    response.statusCode = status;
    if (status !== 204 && status !== 304) response.setHeader("Content-Length", Buffer.byteLength(body));
    for (const name in headers) response.setHeader(name, headers[name] ?? "");
    response.end(body);
  },
});
