import { request as httpRequest } from "node:http";
import type { HostileRequest } from "./case.ts";

export type Outcome = { status: number; bytes: number; contentType: string };

const timeoutMs = 10_000;
const maxReadBytes = 1_000_000;

/** Sends one request on a new connection. Status 0: the connection ended without a response. */
export function send(url: string, { method, path, headers, body }: HostileRequest): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const { hostname, port } = new URL(url);
  const outcome: Outcome = { status: 0, bytes: 0, contentType: "" };
  // Node sends the body of a GET only with a Content-Length.
  const length = body === undefined ? {} : { "Content-Length": String(body.length) };
  const request = httpRequest({ hostname, port, method, path, headers: { ...length, ...headers }, agent: false });
  const timer = setTimeout(() => request.destroy(), timeoutMs);
  const done = () => {
    clearTimeout(timer);
    request.destroy();
    resolve(outcome);
  };
  request.on("error", done);
  request.on("close", done);
  request.on("response", (response) => {
    outcome.status = response.statusCode ?? 0;
    outcome.contentType = response.headers["content-type"] ?? "";
    // A stream does not end by itself.
    if (outcome.contentType.startsWith("text/event-stream")) done();
    response.on("data", (chunk: Buffer) => {
      outcome.bytes += chunk.length;
      if (outcome.bytes > maxReadBytes) done();
    });
    response.on("error", done);
    response.on("end", done);
  });
  // The headers announce a body that is never sent.
  if (body === undefined && headers["Expect"] !== undefined) request.flushHeaders();
  else request.end(body);
  return promise;
}
