import { Resolver } from "node:dns/promises";
import { CheckFailed } from "../../core/errors/failure-reason.ts";
import type { Check } from "../health/check.ts";
import { type CheckOptions, withDefaults } from "./check-options.ts";

/**
 * The options of `dnsCheck`.
 * @example const options: DnsCheckOptions = { hostname: "db.internal", family: 6 };
 */
export type DnsCheckOptions = CheckOptions & {
  /** The name to look up. */
  hostname: string;
  /** Addresses of the name servers; those of the system unless set. */
  servers?: readonly string[];
  /** The IP version of the addresses; 4 unless set. */
  family?: 4 | 6;
};

/**
 * Looks up the addresses of a name at the name servers, without /etc/hosts and without a cache.
 * @example const check = dnsCheck({ hostname: "db.internal", critical: false });
 */
export function dnsCheck(options: DnsCheckOptions): Check {
  const { name = "dns", hostname, servers, family = 4 } = options;
  return {
    name,
    ...withDefaults(options),
    async run(signal) {
      signal.throwIfAborted();
      const resolver = new Resolver();
      if (servers !== undefined) resolver.setServers(servers);
      const cancel = () => resolver.cancel();
      signal.addEventListener("abort", cancel, { once: true });
      try {
        const addresses = await (family === 4 ? resolver.resolve4(hostname) : resolver.resolve6(hostname));
        if (addresses.length === 0) throw new CheckFailed("unreachable");
      } catch (error) {
        signal.throwIfAborted();
        throw error;
      } finally {
        signal.removeEventListener("abort", cancel);
      }
    },
  };
}
