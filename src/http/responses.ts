import type { Request, Response } from "express";

/** What a handler answers with; sending it is the only thing that touches the response. */
export type Reply = { send(request: Request, response: Response): void };

export type ReplyHeaders = Readonly<Record<string, string>>;

/** An answer that is known as a whole, so that it can be kept and given again. */
export type WholeReply = Reply & { status: number; headers: ReplyHeaders; body: string | Buffer };

export const ok = (body: unknown, headers?: ReplyHeaders): WholeReply => json(200, body, headers);

export const createdJson = (body: unknown, headers?: ReplyHeaders): WholeReply => json(201, body, headers);

export const noContent = (headers: ReplyHeaders = {}): Reply => whole(204, headers, "");

export const json = (status: number, body: unknown, headers: ReplyHeaders = {}): WholeReply =>
  jsonText(status, JSON.stringify(body), headers);

export const jsonText = (status: number, text: string, headers: ReplyHeaders = {}): WholeReply =>
  bytes(status, "application/json; charset=utf-8", `${text}\n`, headers);

export const bytes = (
  status: number,
  contentType: string,
  body: string | Buffer,
  headers: ReplyHeaders = {},
): WholeReply => whole(status, { "Content-Type": contentType, ...headers }, body);

export const whole = (status: number, headers: ReplyHeaders, body: string | Buffer): WholeReply => ({
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
