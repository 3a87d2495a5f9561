import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { buffer } from "node:stream/consumers";
import { type Answer, type Ask, ask } from "../../shared/requests/http.ts";
import { blackPng } from "../../support/kubernetes/images.ts";
import type { ApiOperation } from "./api-document.ts";

/** Returns the documented example body with some fields replaced. */
export function bodyOf({ described }: ApiOperation, replacements: Readonly<Record<string, unknown>>): Ask {
  const content = described.requestBody?.content;
  if (content === undefined) return {};
  const example = content["application/json"]?.example;
  if (typeof example === "object") return json(withReplacements({ ...example }, replacements));
  const field = Object.keys(content["multipart/form-data"]?.schema?.properties ?? {})[0];
  if (field !== undefined) return form(field);
  return { headers: { "content-type": "image/png" }, body: blackPng(64, 48) };
}

export const json = (value: unknown): Ask => ({
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});

function withReplacements(example: Record<string, unknown>, replacements: Readonly<Record<string, unknown>>) {
  const fields = Object.entries(example).map(([name, value]) => [name, replacements[name] ?? value]);
  return Object.fromEntries(fields);
}

function form(field: string): Ask {
  const boundary = "a-boundary-of-the-test";
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="${field}"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n`;
  return {
    headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
    body: Buffer.concat([Buffer.from(head), blackPng(64, 48), Buffer.from(`\r\n--${boundary}--\r\n`)]),
  };
}

/** Sends a request of an operation. If the response is a stream, reads only its headers. */
export async function send(url: string, operation: ApiOperation, options: Ask): Promise<Answer> {
  const isStream = Object.values(operation.described.responses).some(
    (answer) => "content" in answer && answer.content?.["text/event-stream"] !== undefined,
  );
  if (!isStream) return ask(url, { ...options, method: operation.method });
  const request = httpRequest(url, { method: operation.method, headers: options.headers, agent: false });
  request.end();
  const [response] = await once(request, "response");
  if (response.statusCode !== 200) {
    const bytes = await buffer(response);
    const text = bytes.toString();
    return { status: response.statusCode, headers: response.headers, bytes, text, json: () => JSON.parse(text), ms: 0 };
  }
  request.on("error", () => undefined).destroy();
  return { status: 200, headers: response.headers, bytes: Buffer.alloc(0), text: "", json: () => undefined, ms: 0 };
}
