import { once } from "node:events";
import { type Agent, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";

export type EdgeAnswer = {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  json(): Record<string, unknown>;
  ms: number;
  /** Whether the request used an existing connection. */
  reused: boolean;
};

export type SendOptions = {
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string | Buffer;
  /** The address of the client; a new one by default, so that limits do not carry over between tests. */
  from?: string;
  tls?: boolean;
  to?: string;
  agent?: Agent | false;
  timeoutMs?: number;
};

let clients = 0;

/** Returns an unused address of 127.0.0.0/8, all of which belong to this machine. */
export function freshAddress(): string {
  clients += 1;
  return `127.${100 + Math.floor(clients / 65_000)}.${Math.floor(clients / 250) % 250}.${(clients % 250) + 1}`;
}

/** Sends a request to the proxy, with its path exactly as given. */
export async function send(path: string, options: SendOptions = {}): Promise<EdgeAnswer> {
  const { method = "GET", headers = {}, body, tls = false, agent = false, timeoutMs = 45_000 } = options;
  const { to = "127.0.0.1", from = freshAddress() } = options;
  const startedAt = performance.now();
  const target = { host: to, port: tls ? 443 : 80, path, method, headers, agent, localAddress: from };
  const signal = AbortSignal.timeout(timeoutMs);
  const request = tls
    ? httpsRequest({ ...target, agent: false, signal, rejectUnauthorized: false, servername: "localhost" })
    : httpRequest({ ...target, signal });
  request.end(body);
  const [response] = await once(request, "response");
  const content = await text(response);
  const ms = performance.now() - startedAt;
  return {
    status: response.statusCode,
    headers: response.headers,
    text: content,
    json: () => JSON.parse(content),
    ms,
    reused: request.reusedSocket,
  };
}

export const sendJson = (path: string, value: unknown, options: SendOptions = {}): Promise<EdgeAnswer> =>
  send(path, {
    method: "POST",
    ...options,
    headers: { "content-type": "application/json", ...options.headers },
    body: JSON.stringify(value),
  });

/** Opens a TCP connection to the proxy, for tests that write raw bytes. `from` is the address of the client. */
export async function openTo(port = 80, from = freshAddress()): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, localAddress: from });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}
