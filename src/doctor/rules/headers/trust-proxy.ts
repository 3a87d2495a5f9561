import { isRange, namedRanges } from "../../../config/address-ranges.ts";
import { intervalOf } from "../../../core/network/ip-address.ts";
import type { App } from "../../facts/app.ts";
import type { Rule, Violation } from "../../rule.ts";
import { pod } from "../example-files.ts";

const trust = (ranges: string) => pod(`env: [{ name: TRUST_PROXY, value: "${ranges}" }]`);

/** Platforms on which a node or the Docker bridge may replace the source address of a client. */
const addressReplacingPlatforms: ReadonlySet<App["platform"]> = new Set(["kubernetes", "compose"]);

export const trustProxyRules: readonly Rule[] = [
  {
    id: "trap-trust-proxy-wide",
    severity: "warning",
    title: "TRUST_PROXY covers addresses that are not proxies",
    impact:
      "A node or a Docker bridge may replace the client's address with a private one. If private addresses are trusted too, the server takes the next entry of X-Forwarded-For, which the client can choose: limits by address can be evaded, and the log shows forged addresses.",
    condition:
      "`TRUST_PROXY` names the range that the proxy connects from: neither `uniquelocal`, nor IPv4 ranges wider than /13, nor IPv6 ranges wider than /24",
    fix: "Set TRUST_PROXY to the proxy's own addresses or pod range, and externalTrafficPolicy: Local at its Service.",
    example: { kind: "kubernetes", broken: trust("uniquelocal"), fixed: trust("10.244.0.0/16") },
    find: ({ apps }) =>
      apps.flatMap((app): Violation[] => {
        const setting = addressReplacingPlatforms.has(app.platform) ? app.settings.text("TRUST_PROXY") : undefined;
        if (setting === undefined) return [];
        const wide = setting.text
          .split(",")
          .map((entry) => entry.trim())
          .filter(isWide);
        if (wide.length === 0) return [];
        return [{ places: [setting.at], message: `${app.name} trusts ${wide.join(", ")} ${coverageText(wide)}.` }];
      }),
  },
];

const isWide = (entry: string): boolean =>
  entry === "uniquelocal" || (isRange(entry) && prefixOf(entry) < minPrefix(entry) && !isOnThisMachine(entry));

const isOnThisMachine = (range: string): boolean =>
  [namedRanges["loopback"], namedRanges["linklocal"]].flat().some((one) => one !== undefined && contains(one, range));

const minPrefix = (range: string): number => (range.includes(":") ? 24 : 13);

const prefixOf = (range: string): number => Number(range.split("/")[1] ?? 128);

function coverageText(wide: readonly string[]): string {
  const privateRanges = namedRanges["uniquelocal"] ?? [];
  const covers = (range: string) => wide.some((one) => one === "uniquelocal" || contains(one, range));
  const covered = privateRanges.filter(covers);
  if (covered.length === privateRanges.length) return "as proxies, and so every private address";
  return covered.length > 0 ? `as proxies, and so all of ${covered.join(", ")}` : "as proxies";
}

function contains(outer: string, inner: string): boolean {
  const [one, other] = [intervalOf(outer), intervalOf(inner)];
  return one.first <= other.first && other.last <= one.last;
}
