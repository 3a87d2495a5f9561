import { maxUploadMebibytes } from "../../../src/config/upload-limits.ts";
import type { ErrorCode } from "../../../src/core/errors/app-error.ts";
import { internalDetail, problemOf } from "../../../src/http/problem.ts";

type ProxyProblem = {
  /** The status by which the proxy selects this response. The client receives it unless `clientStatus` is set. */
  status: number;
  code: ErrorCode;
  detail: string;
  /** The status that the client receives, if it differs from `status`. */
  clientStatus?: number;
  retryAfter?: string;
};

type NginxProblem = ProxyProblem & {
  /** The name of a named location. Requests that NGINX could not parse have no URL, so their location is a path. */
  location: string;
};

const notHttp = "This is not a valid HTTP request.";
const noPath = "Nothing is served at this path.";
const noMethod = "This method is not supported.";
const incomplete = "The request was not complete in time.";
const tooLarge = `A body may have at most ${maxUploadMebibytes} MiB.`;
const noServer = "No server could answer. The request may or may not have been processed.";
const retryLater = "Retry in a moment.";
const tooSlow = "The server did not answer in time. The request may or may not have been processed.";

const nginx: readonly NginxProblem[] = [
  { status: 400, location: "/haven-problems/bad_request", code: "bad_request", detail: notHttp },
  {
    status: 414,
    location: "/haven-problems/uri_too_long",
    code: "bad_request",
    detail: "The URL is longer than 8 KiB.",
  },
  {
    status: 505,
    location: "/haven-problems/version_not_supported",
    code: "bad_request",
    detail: "The HTTP version is not supported.",
  },
  { status: 404, location: "@not_found", code: "not_found", detail: noPath },
  { status: 405, location: "@method_not_allowed", code: "method_not_allowed", detail: noMethod },
  { status: 408, location: "@request_timeout", code: "request_timeout", detail: incomplete },
  { status: 413, location: "@too_large", code: "payload_too_large", detail: tooLarge },
  {
    status: 494,
    clientStatus: 431,
    location: "@headers_too_large",
    code: "headers_too_large",
    detail: "A header is longer than 8 KiB.",
  },
  {
    status: 497,
    clientStatus: 400,
    location: "@tls_needed",
    code: "bad_request",
    detail: "This port serves HTTPS only.",
  },
  {
    status: 429,
    location: "@rate_limited",
    code: "rate_limited",
    detail: "Retry in $retry_after s.",
    retryAfter: "$retry_after",
  },
  { status: 500, location: "@internal", code: "internal", detail: internalDetail },
  {
    status: 501,
    location: "@not_implemented",
    code: "bad_request",
    detail: "Only the transfer coding chunked is supported.",
  },
  { status: 502, location: "@bad_gateway", code: "unavailable", detail: noServer, retryAfter: "1" },
  { status: 503, location: "@unavailable", code: "unavailable", detail: retryLater, retryAfter: "1" },
  { status: 504, location: "@gateway_timeout", code: "unavailable", detail: tooSlow, retryAfter: "1" },
];

const haproxy: readonly ProxyProblem[] = [
  { status: 400, code: "bad_request", detail: notHttp },
  { status: 404, code: "not_found", detail: noPath },
  { status: 405, code: "method_not_allowed", detail: noMethod },
  { status: 408, code: "request_timeout", detail: incomplete },
  { status: 413, code: "payload_too_large", detail: tooLarge },
  { status: 429, code: "rate_limited", detail: "Retry in %[var(txn.wait)] s." },
  { status: 500, code: "internal", detail: internalDetail },
  { status: 502, code: "unavailable", detail: noServer },
  { status: 503, code: "unavailable", detail: retryLater },
  { status: 504, code: "unavailable", detail: tooSlow },
];

/** Returns the files in which NGINX and HAProxy find their own error responses, by path. */
export function proxyProblemFiles(): ReadonlyMap<string, string> {
  const ofHaproxy = haproxy.map(({ status, code, detail }) => {
    const problem = problemOf(code, detail, "%[var(txn.id)]", status);
    return [`haproxy/errors/${status}.json`, `${JSON.stringify(problem, null, 2)}\n`] as const;
  });
  return new Map([["nginx/haven/problems.conf", nginxFile()], ...ofHaproxy]);
}

const nginxFile =
  (): string => `# Generated from src/http/problem.ts and test/edge/support/proxy-problems.ts by \`npm run proxy-files\`.
# Error responses of NGINX itself. Responses of the app pass unchanged, whatever their status.
# 400, 414 and 505 use paths: a request without a readable URL cannot be sent to a named location.
${nginx.map(errorPage).join("\n")}

${nginx.map(nginxLocation).join("\n")}
`;

function errorPage({ status, clientStatus, location }: NginxProblem): string {
  // NGINX takes the status for 497 from the `return` of the location. For 494 the override is required.
  const override = status === 494 ? ` =${clientStatus}` : "";
  return `error_page ${status}${override} ${location};`;
}

function nginxLocation({ status, clientStatus, location, code, detail, retryAfter }: NginxProblem): string {
  const isPath = location.startsWith("/");
  const problem = problemOf(code, detail, "$haven_request_id", clientStatus ?? status);
  return [
    `location ${isPath ? "= " : ""}${location} {`,
    ...(isPath ? ["    internal;"] : []),
    "    include haven/problem-headers.conf;",
    ...(retryAfter === undefined ? [] : [`    add_header Retry-After ${retryAfter} always;`]),
    `    return ${problem.status} '${JSON.stringify(problem)}';`,
    "}",
  ].join("\n");
}
