import { CheckFailed } from "../../core/errors/failure-reason.ts";
import type { Check } from "../health/check.ts";
import { type CheckOptions, withDefaults } from "./check-options.ts";

/**
 * The options of `httpCheck`.
 * @example const options: HttpCheckOptions = { name: "payments", url: "http://payments/ready", accepts: (status) => status < 500 };
 */
export type HttpCheckOptions = CheckOptions & {
  /** The address, without user and password. */
  url: string | URL;
  /** GET unless set. */
  method?: string;
  /** Further headers of the request, such as a token. */
  headers?: Readonly<Record<string, string>>;
  /** Returns whether a status means that the service works; 200 to 299 unless set. Redirects are not followed. */
  accepts?: (status: number) => boolean;
};

/**
 * Requests an address. Choose an address that the other service answers from memory. If the service calls its own
 * dependencies to answer, this check fails with them, and their outage spreads.
 * @example const check = httpCheck({ name: "payments", url: "http://payments/ready", critical: false });
 */
export function httpCheck(options: HttpCheckOptions): Check {
  const { name = "http", url, method = "GET", headers = {}, accepts = isSuccess } = options;
  return {
    name,
    ...withDefaults(options),
    async run(signal) {
      const response = await fetch(url, { method, headers, signal, redirect: "manual" });
      // The connection is free again only when the body was read or cancelled.
      await response.body?.cancel();
      if (!accepts(response.status)) throw new CheckFailed(reasons[response.status] ?? "failed");
    },
  };
}

const isSuccess = (status: number): boolean => status >= 200 && status <= 299;

const reasons = { 401: "credentials", 403: "forbidden", 429: "over_limit" } as Readonly<
  Record<number, "credentials" | "forbidden" | "over_limit">
>;
