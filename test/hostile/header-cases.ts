import {
  type Case,
  describeCase,
  type HostileRequest,
  repeatToLength,
  stringEntries,
  type Target,
  validRequestOf,
} from "./case.ts";
import { asHeader } from "./strings.ts";

const commonHeaders = [
  "Accept",
  "Accept-Encoding",
  "Accept-Language",
  "Authorization",
  "Content-Encoding",
  "Content-Type",
  "Cookie",
  "Expect",
  "Forwarded",
  "Idempotency-Key",
  "If-Match",
  "If-Modified-Since",
  "If-None-Match",
  "If-Range",
  "Last-Event-ID",
  "Origin",
  "Range",
  "Sec-Fetch-Site",
  "User-Agent",
  "X-Forwarded-For",
  "X-Forwarded-Host",
  "X-Forwarded-Proto",
  "X-Request-Id",
];

/** Returns one list of requests for each header: first the documented headers, then the common ones. */
export function headerCases(target: Target): Case[][] {
  const base = validRequestOf(target);
  const sizes = [300, 14_000];
  const withHeader = (label: string, header: string, value: string): HostileRequest => {
    const others = Object.entries(base.headers).filter(([other]) => other.toLowerCase() !== header.toLowerCase());
    return { ...base, label, headers: { ...Object.fromEntries(others), [header]: value } };
  };
  const ofHeader = (header: string) =>
    sizes.flatMap((size) =>
      stringEntries.map(
        ([kind, make]) =>
          () =>
            withHeader(
              describeCase(target, `header ${header}`, kind, size),
              header,
              asHeader(make(size)).slice(0, size).trim(),
            ),
      ),
    );
  const ofCookies = sizes.flatMap((size) =>
    ["haven_session", "__Host-haven_session"].flatMap((cookie) => [
      () =>
        withHeader(
          describeCase(target, "header Cookie", `many ${cookie}`, size),
          "Cookie",
          repeatToLength(size, (n) => `${cookie}=${n}; `).trim(),
        ),
      () =>
        withHeader(
          describeCase(target, "header Cookie", `many well-formed ${cookie}`, size),
          "Cookie",
          repeatToLength(size, (n) => `${cookie}=${Buffer.alloc(64, `${n}`).toString("base64url")}; `).trim(),
        ),
    ]),
  );
  const many = sizes.map((size) => () => ({
    ...base,
    label: describeCase(target, "headers", "many", size),
    headers: {
      ...base.headers,
      ...Object.fromEntries(Array.from({ length: size / 16 }, (_, n) => [`x-header-${n}`, "a"])),
    },
  }));
  return [...target.inputs.headers.map(ofHeader), ...commonHeaders.map(ofHeader), ofCookies, many];
}
