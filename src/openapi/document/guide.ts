import { pageSize } from "../../http/pagination.ts";

/** General rules: the description of the document, and the first part of the reference page. Code in backticks. */
export const guide: readonly { title: string; text: readonly string[] }[] = [
  {
    title: "Authentication",
    text: [
      "`POST /api/v1/auth/register` and `POST /api/v1/auth/login` return an access token for `Authorization: Bearer …`, valid for some minutes, and a refresh token to get the next one. Browsers also receive a session cookie. Pages of other origins cannot write with the cookie alone.",
      "A session can be revoked at any time. Every instance then refuses its tokens at once.",
      "If the operator trusts an identity provider, its access tokens are accepted as `Authorization: Bearer …`, too.",
      "Programs use an API key: `Authorization: Bearer hvn_…`. `POST /api/v1/auth/api-keys` creates one with an expiry and with the scopes `read` (GET and HEAD) and `write` (all other methods). A key cannot manage accounts, passwords, sessions, keys or users. Each answer to a key has the headers `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): the limit per minute, the remaining requests, and the seconds until the full limit is available again. Above the limit the answer is 429.",
    ],
  },
  {
    title: "Requests and responses",
    text: [
      "Bodies are JSON in UTF-8. Fields and query parameters that are not documented are refused, never ignored. Ids are UUIDs, times are RFC 3339 in UTC, dates are `YYYY-MM-DD`, money is an integer number of cents with a currency. Texts are stored in Unicode NFC and without white space at their ends; more than 30 combining marks in a row are refused. `HEAD` is supported wherever `GET` is.",
    ],
  },
  {
    title: "Errors",
    text: [
      "Errors are `application/problem+json` (RFC 9457). Programs use `code`, people read `detail`, and `requestId` helps the operator to find the request in the logs. `GET /api/problems/{code}` explains a code. After a 503 or 429, wait for the number of seconds in `Retry-After`.",
      "Resources of other owners return 404. A method that a path does not support returns 405 with `Allow`.",
    ],
  },
  {
    title: "Lists",
    text: [
      `Lists return \`items\` and \`nextCursor\`. For the next page, send that value as \`cursor\` with the same filters; \`null\` means that there are no more pages. \`limit\` is ${pageSize.initial} by default and at most ${pageSize.max}.`,
    ],
  },
  {
    title: "Idempotent creates",
    text: [
      "Send a unique `Idempotency-Key` with each create. Within a day, a repeated request with the same key and body returns the first response and creates nothing. Another body returns 422, and 409 is returned while the first request is in progress.",
    ],
  },
  {
    title: "Conditional requests",
    text: [
      "Resources have an `ETag`. With `If-None-Match`, `GET` returns 304 without a body if nothing has changed. With `If-Match`, an update or deletion returns 412 and changes nothing if the resource has changed in the meantime.",
    ],
  },
];

/** The groups of operations, in the document and on the reference page. */
export const tagDescriptions: Readonly<Record<string, string>> = {
  Auth: "Accounts, sessions, tokens and API keys.",
  Administration: "Users and the audit trail, for administrators.",
  Properties: "Buildings and other properties of the caller.",
  Units: "The flats, offices and other units of a property.",
  Leases: "Tenants, periods and rents of units.",
  Maintenance: "Requests for repairs, their events, and the live stream of events.",
  Photos: "Photos of properties, and the avatar of the caller.",
  About: "The API itself: entry points, this document, and the types of problems.",
  Health: "Probes for orchestrators and load balancers.",
  Operations: "The state of the server for its operators.",
};
