import type { AnswerHeader } from "../../http/operation.ts";
import type { DocumentedHeader, Reference } from "./openapi-types.ts";

export type DocumentedHeaderName =
  | AnswerHeader
  | "X-Request-Id"
  | "RateLimit"
  | "RateLimit-Policy"
  | "Retry-After"
  | "WWW-Authenticate";

const text = { type: "string" } as const;

export const answerHeaders: Readonly<Record<DocumentedHeaderName, DocumentedHeader>> = {
  "X-Request-Id": {
    description: "Identifies this request in logs and problems.",
    required: false,
    schema: { ...text, pattern: "^[A-Za-z0-9._-]{8,128}$" },
    example: "019d5a3e8f007c3a9d6e2b1f",
  },
  ETag: {
    description: "The version of the resource, for `If-Match` and `If-None-Match`.",
    required: true,
    schema: text,
    example: '"Zq3v0c6nQm1yT8pXk2bL4w"',
  },
  Location: {
    description: "The URL of the new resource.",
    required: true,
    schema: { ...text, format: "uri-reference" },
  },
  "Set-Cookie": { description: "The session cookie, `HttpOnly; SameSite=Lax`.", required: true, schema: text },
  "Accept-Ranges": {
    description: "`Range` requests are supported.",
    required: true,
    schema: text,
    example: "bytes",
  },
  "Content-Range": {
    description: "The range in this response, and the total number of bytes.",
    required: true,
    schema: text,
    example: "bytes 0-1023/40960",
  },
  "RateLimit-Policy": {
    description: "The limit of the API key: `q` requests in `w` seconds. Only in answers to API keys.",
    required: false,
    schema: text,
    example: '"api-key";q=600;w=60',
  },
  RateLimit: {
    description:
      "The remaining quota of the API key: `r` requests, until the full limit is available again in `t` seconds. Only in answers to API keys.",
    required: false,
    schema: text,
    example: '"api-key";r=599;t=42',
  },
  "Retry-After": {
    description: "Seconds to wait before a retry.",
    required: false,
    schema: { ...text, pattern: "^[0-9]+$" },
    example: "1",
  },
  "WWW-Authenticate": { description: "How to authenticate.", required: true, schema: text, example: "Bearer" },
};

export const headerReferences = (names: readonly DocumentedHeaderName[]): Readonly<Record<string, Reference>> =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
