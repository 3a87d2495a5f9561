import { parseArgs } from "node:util";
import { type CollectorFault, collectorFaults } from "../../test/shared/servers/failing-collector.ts";

export const proxyNames = ["nginx", "haproxy"] as const;
export type ProxyName = (typeof proxyNames)[number];

export const serverNames = ["haven", "peer"] as const;
export type ServerName = (typeof serverNames)[number];

export type Options = {
  quick: boolean;
  proxies: readonly ProxyName[];
  servers: readonly ServerName[];
  /** The names of the faults to inject; undefined for all faults. */
  only?: readonly string[];
  /** The file of the report; without it the result is only printed. */
  out?: string;
  /** How the endpoint fails to which the instances export traces; undefined if they export none. */
  traces?: CollectorFault;
};

export type Arguments =
  | { kind: "run"; options: Options }
  /** Normal load without faults, for some minutes. */
  | { kind: "calm"; minutes: number }
  | { kind: "help" }
  | { kind: "wrong"; why: string };

export const usage = (faults: readonly string[]): string => `Usage: npm run chaos -- [options]

  --quick           a few faults through NGINX, in under two minutes; for CI
  --proxy NAME      only behind this proxy: nginx or haproxy
  --server NAME     only this server: haven, or peer (the Express server of bench/peers, behind HAProxy, for comparison)
  --only FAULTS     only these faults, separated by commas
  --out FILE        the file of the report; its measured values and plots go to images/resilience/ beside it.
                    Default: docs/resilience.md for a run without options; other runs write no report.
                    A run of some faults updates their results, and keeps the results of the others
  --traces FAULT    the instances export traces, to an endpoint that fails in this way during the whole run: ${collectorFaults.join(", ")}.
                    The bounds of each fault apply as without traces. Writes a report only with --out
  --calm MINUTES    no faults: normal load with a rolling restart, a migration and a restart of each store; fails if an
                    instance reports a wrong state
  --help            show this text

Needs Debian or Ubuntu and root: it installs nginx, haproxy, redis-server and the programs of the faults if they are missing.
Exit code: 0; 1 if a write was lost or stored twice, or a request failed that must not fail; 2 for a wrong command line.

Faults: ${faults.join(", ")}
`;

/** Parses the command line. */
export function readArguments(args: readonly string[], faults: readonly string[]): Arguments {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    return { kind: "wrong", why: error instanceof Error ? error.message : String(error) };
  }
  const { help = false, quick = false, proxy, server, out, calm, traces } = values;
  const only = values.only?.split(",");
  if (help) return { kind: "help" };
  if (calm !== undefined) {
    const minutes = Number(calm);
    return minutes > 0 ? { kind: "calm", minutes } : { kind: "wrong", why: "--calm needs a number of minutes." };
  }
  const onlyProxy = proxyNames.find((name) => name === proxy);
  if (proxy !== undefined && onlyProxy === undefined) return { kind: "wrong", why: `There is no proxy "${proxy}".` };
  const onlyServer = serverNames.find((name) => name === server);
  if (server !== undefined && onlyServer === undefined)
    return { kind: "wrong", why: `There is no server "${server}".` };
  const traceFault = collectorFaults.find((name) => name === traces);
  if (traces !== undefined && traceFault === undefined)
    return { kind: "wrong", why: `There is no fault of the endpoint "${traces}".` };
  const unknown = only?.find((name) => !faults.includes(name));
  if (unknown !== undefined) return { kind: "wrong", why: `There is no fault "${unknown}".` };
  const isFullRun =
    !quick && onlyProxy === undefined && onlyServer === undefined && only === undefined && traces === undefined;
  const report = out ?? (isFullRun ? "docs/resilience.md" : undefined);
  const everyProxy = quick ? (["nginx"] as const) : proxyNames;
  // The comparison server exports no traces.
  const everyServer = quick || traces !== undefined ? (["haven"] as const) : serverNames;
  return {
    kind: "run",
    options: {
      quick,
      proxies: onlyProxy === undefined ? everyProxy : [onlyProxy],
      servers: onlyServer === undefined ? everyServer : [onlyServer],
      ...(only !== undefined && { only }),
      ...(report !== undefined && { out: report }),
      ...(traceFault !== undefined && { traces: traceFault }),
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
      calm: { type: "string" },
      traces: { type: "string" },
    },
  }).values;
