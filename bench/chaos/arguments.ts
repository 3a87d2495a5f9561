import { parseArgs } from "node:util";

export const proxyNames = ["nginx", "haproxy"] as const;
export type ProxyName = (typeof proxyNames)[number];

export const serverNames = ["haven", "peer"] as const;
export type ServerName = (typeof serverNames)[number];

export type Options = {
  quick: boolean;
  proxies: readonly ProxyName[];
  servers: readonly ServerName[];
  /** Some faults; undefined for all. */
  only?: readonly string[];
  /** Where the report is written; without it the result is only printed. */
  out?: string;
};

export type Arguments = { kind: "run"; options: Options } | { kind: "help" } | { kind: "wrong"; why: string };

export const usage = (faults: readonly string[]): string => `Usage: npm run chaos -- [options]

  --quick           a few faults through NGINX, in under two minutes; for CI
  --proxy NAME      nginx or haproxy alone
  --server NAME     haven alone, or peer: the Express server of bench/peers that it is compared with, behind HAProxy
  --only FAULTS     some faults, separated by commas
  --out FILE        where the report goes, its figures and plots beside it in images/resilience/
                    (docs/resilience.md for a run of everything, else nowhere);
                    a run of some faults replaces their figures and keeps the others
  --help            show this

Needs Debian or Ubuntu and root: it installs nginx, haproxy, redis-server and what a fault needs where they are missing.
Exit code: 0, 1 where a write was lost or doubled or a request failed that must not, 2 for a wrong command line.

Faults: ${faults.join(", ")}
`;

/** The parsed command line. */
export function readArguments(words: readonly string[], faults: readonly string[]): Arguments {
  let given: ReturnType<typeof parse>;
  try {
    given = parse(words);
  } catch (error) {
    return { kind: "wrong", why: error instanceof Error ? error.message : String(error) };
  }
  const { help = false, quick = false, proxy, server, out } = given;
  const only = given.only?.split(",");
  if (help) return { kind: "help" };
  const wanted = proxyNames.find((name) => name === proxy);
  if (proxy !== undefined && wanted === undefined) return { kind: "wrong", why: `There is no proxy "${proxy}".` };
  const wantedServer = serverNames.find((name) => name === server);
  if (server !== undefined && wantedServer === undefined)
    return { kind: "wrong", why: `There is no server "${server}".` };
  const unknown = only?.find((name) => !faults.includes(name));
  if (unknown !== undefined) return { kind: "wrong", why: `There is no fault "${unknown}".` };
  const everything = !quick && wanted === undefined && wantedServer === undefined && only === undefined;
  const place = out ?? (everything ? "docs/resilience.md" : undefined);
  const everyProxy = quick ? (["nginx"] as const) : proxyNames;
  const everyServer = quick ? (["haven"] as const) : serverNames;
  return {
    kind: "run",
    options: {
      quick,
      proxies: wanted === undefined ? everyProxy : [wanted],
      servers: wantedServer === undefined ? everyServer : [wantedServer],
      ...(only !== undefined && { only }),
      ...(place !== undefined && { out: place }),
    },
  };
}

const parse = (words: readonly string[]) =>
  parseArgs({
    args: [...words],
    options: {
      help: { type: "boolean" },
      quick: { type: "boolean" },
      proxy: { type: "string" },
      server: { type: "string" },
      only: { type: "string" },
      out: { type: "string" },
    },
  }).values;
