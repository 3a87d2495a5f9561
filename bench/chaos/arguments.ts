import { parseArgs } from "node:util";

export const proxyNames = ["nginx", "haproxy"] as const;
export type ProxyName = (typeof proxyNames)[number];

export type Options = {
  quick: boolean;
  proxies: readonly ProxyName[];
  only?: string;
  /** Where the report is written; without it the result is only printed. */
  out?: string;
};

export type Arguments = { kind: "run"; options: Options } | { kind: "help" } | { kind: "wrong"; why: string };

export const usage = (faults: readonly string[]): string => `Usage: npm run chaos -- [options]

  --quick           a few faults through NGINX, in under two minutes; for CI
  --proxy NAME      nginx or haproxy alone
  --only FAULT      one fault alone
  --out FILE        where the report goes, its plots beside it in images/resilience/
                    (docs/resilience.md for a run of everything, else nowhere)
  --help            show this

Needs Debian or Ubuntu and root: it installs nginx, haproxy and redis-server where they are missing.
Exit code: 0, 1 where a write was lost or doubled or a request failed that must not, 2 for a wrong command line.

Faults: ${faults.join(", ")}
`;

/** What a command line asks for. */
export function readArguments(words: readonly string[], faults: readonly string[]): Arguments {
  let given: ReturnType<typeof parse>;
  try {
    given = parse(words);
  } catch (error) {
    return { kind: "wrong", why: error instanceof Error ? error.message : String(error) };
  }
  const { help = false, quick = false, proxy, only, out } = given;
  if (help) return { kind: "help" };
  const wanted = proxyNames.find((name) => name === proxy);
  if (proxy !== undefined && wanted === undefined) return { kind: "wrong", why: `There is no proxy "${proxy}".` };
  if (only !== undefined && !faults.includes(only)) return { kind: "wrong", why: `There is no fault "${only}".` };
  const everything = !quick && wanted === undefined && only === undefined;
  const place = out ?? (everything ? "docs/resilience.md" : undefined);
  const everyProxy = quick ? (["nginx"] as const) : proxyNames;
  return {
    kind: "run",
    options: {
      quick,
      proxies: wanted === undefined ? everyProxy : [wanted],
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
      only: { type: "string" },
      out: { type: "string" },
    },
  }).values;
