import { once } from "node:events";
import { type Agent, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { connect, type Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { startStopwatch } from "../stopwatch.ts";

export type Answer = {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  text: string;
  json: () => unknown;
  /** The duration, without the time that this process waited for a processor. */
  ms: number;
};

export type Ask = {
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string | Buffer;
  timeoutMs?: number;
  agent?: Agent;
};

/** Sends a request, on a new connection unless an agent is given, so that no pool outlives the test. */
export async function ask(
  url: string,
  { method = "GET", headers = {}, body, timeoutMs = 20_000, agent }: Ask = {},
): Promise<Answer> {
  const elapsedMs = startStopwatch();
  const signal = AbortSignal.timeout(timeoutMs);
  // Node's client adds no length to a DELETE with a body.
  const length = method === "DELETE" && body !== undefined ? { "content-length": String(Buffer.byteLength(body)) } : {};
  const request = httpRequest(url, { method, headers: { ...length, ...headers }, agent: agent ?? false, signal });
  request.end(body);
  const [response] = await once(request, "response");
  const bytes = await buffer(response);
  const text = bytes.toString();
  const ms = elapsedMs();
  return { status: response.statusCode, headers: response.headers, bytes, text, json: () => JSON.parse(text), ms };
}

export const postJson = (url: string, value: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  ask(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(value),
  });

/** Sends raw bytes and collects the response until the other side closes or the time is up. */
export async function raw(port: number, bytes: string | Buffer, waitMs = 3000): Promise<string> {
  const socket = await open(port);
  socket.write(bytes);
  return readAll(socket, waitMs);
}

export async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

export async function readAll(socket: Socket, waitMs: number): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  const timer = setTimeout(() => socket.destroy(), waitMs);
  if (!socket.destroyed) await once(socket, "close").catch(() => undefined);
  clearTimeout(timer);
  return Buffer.concat(chunks).toString("latin1");
}
