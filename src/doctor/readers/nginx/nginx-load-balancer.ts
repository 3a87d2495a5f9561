import type { Diagnostics } from "../../diagnostics.ts";
import { type ConfigNumber, count, defined, ms, type Place, size } from "../../facts/config-values.ts";
import { emptyLoadBalancer, type LoadBalancer, type RetryLimits } from "../../facts/load-balancer.ts";
import { bytes, milliseconds } from "../../facts/units.ts";
import { versionFacts } from "../../facts/versions.ts";
import { enclosingBlock, hostOf, type Nginx, type Route, type Upstream } from "./nginx.ts";
import { type Directive, effectiveDirectives, hasUnreadInclude } from "./nginx-syntax.ts";

const nginxDefault = "nginx's default";

type Lookup = { root: readonly Directive[]; diagnostics: Diagnostics };

function findDirective(
  block: Directive,
  name: string,
  { root, diagnostics }: Lookup,
): Directive | "unknown" | undefined {
  const directives = effectiveDirectives(block, root, name);
  if (directives === undefined) return "unknown";
  const [found] = directives;
  if (found === undefined) return undefined;
  if (found.args.some((arg) => arg.includes("$"))) {
    diagnostics.addNote(found.at, `${name} ${found.args.join(" ")}: contains a variable, so the value is unknown`);
    return "unknown";
  }
  return found;
}

function readDirectiveTime(
  block: Directive,
  name: string,
  defaultValue: number,
  lookup: Lookup,
): ConfigNumber | undefined {
  const found = findDirective(block, name, lookup);
  if (found === "unknown") return undefined;
  if (found === undefined) return ms(name, defaultValue, block.at, nginxDefault);
  return timeOf(found, name, found.args[0] ?? "", lookup.diagnostics);
}

function timeOf(directive: Directive, name: string, text: string, diagnostics: Diagnostics): ConfigNumber | undefined {
  const value = milliseconds(text, "s");
  if (value === undefined) diagnostics.addNote(directive.at, `${name} ${text}: not a time in nginx's syntax`);
  return value === undefined ? undefined : ms(name, value, directive.at);
}

function readDirectiveCount(
  block: Directive,
  name: string,
  defaultValue: ConfigNumber,
  lookup: Lookup,
): ConfigNumber | undefined {
  const found = findDirective(block, name, lookup);
  if (found === "unknown") return undefined;
  if (found === undefined) return defaultValue;
  const value = Number(found.args[0]);
  if (!Number.isInteger(value)) lookup.diagnostics.addNote(found.at, `${name} ${found.args[0] ?? ""}: not a number`);
  return Number.isInteger(value) ? count(name, value, found.at) : undefined;
}

/** Returns undefined for a file that forwards no requests and sets no worker_shutdown_timeout. */
export function nginxLoadBalancer(nginx: Nginx, diagnostics: Diagnostics): LoadBalancer | undefined {
  const shutdownTimeouts = nginx.root.filter(({ name }) => name === "worker_shutdown_timeout");
  if (nginx.routes.length + nginx.upstreams.length + shutdownTimeouts.length === 0) return undefined;
  const lookup = { root: nginx.root, diagnostics };
  const trafficRoutes = nginx.routes.filter(({ isProbe }) => !isProbe);
  const first = trafficRoutes[0]?.block ?? nginx.upstreams[0]?.block ?? nginx.root[0];
  const at: Place = first?.at ?? { file: "", line: 1 };
  const usedUpstreams = nginx.upstreams.filter(
    (upstream) => nginx.routes.length === 0 || nginx.routes.some((route) => route.upstream === upstream),
  );
  return {
    ...emptyLoadBalancer,
    name: "nginx",
    kind: "nginx",
    at,
    hosts: hostsOf(nginx),
    idleTimeouts: defined(usedUpstreams.map((upstream) => idleOf(upstream, lookup))),
    idleTimeoutsSince: usedUpstreams.filter(hasDefaultKeepAlive).map(({ block }) => ({
      idle: ms("keepalive_timeout of the upstream", 60_000, block.at, nginxDefault),
      fact: versionFacts.nginxKeepAlive,
    })),
    version: nginx.version,
    readTimeouts: defined(
      trafficRoutes.map(({ block }) => readDirectiveTime(block, "proxy_read_timeout", 60_000, lookup)),
    ),
    clientIdleTimeouts: defined(
      trafficRoutes.map(({ block }) =>
        readDirectiveTime(enclosingBlock(block, "server") ?? block, "keepalive_timeout", 75_000, lookup),
      ),
    ),
    retryLimits: trafficRoutes.flatMap((route) => retryLimitsOf(route, lookup)),
    drainTimeouts: defined(
      shutdownTimeouts.map((found) => timeOf(found, found.name, found.args[0] ?? "", diagnostics)),
    ),
    maxBodySizes: maxBodySizesOf(trafficRoutes, lookup),
    failTimeouts: defined(
      usedUpstreams.flatMap(({ servers }) =>
        (servers.length > 1 ? servers : []).map((server) => failTimeoutOf(server, diagnostics)),
      ),
    ),
  };
}

function hostsOf({ upstreams, routes }: Nginx): string[] {
  const targets = routes.flatMap((route) => route.targets);
  const servers = upstreams.flatMap(({ servers }) => servers.map(({ args }) => args[0] ?? ""));
  return [...new Set([...targets, ...servers].map(hostOf))];
}

/** Newer versions of nginx keep idle connections even in an upstream without a `keepalive` directive. */
const hasDefaultKeepAlive = ({ block }: Upstream): boolean =>
  !block.children?.some(({ name }) => name === "keepalive" || name === "keepalive_timeout") &&
  !hasUnreadInclude(block.children);

/**
 * Without `keepalive`, older versions open a connection for each request, so there are no idle connections that the
 * application could close.
 */
function idleOf({ block }: Upstream, lookup: Lookup): ConfigNumber | undefined {
  const keepalive = block.children?.find(({ name }) => name === "keepalive");
  if (keepalive === undefined || keepalive.args[0] === "0") return undefined;
  const found = block.children?.find(({ name }) => name === "keepalive_timeout");
  if (found === undefined && hasUnreadInclude(block.children)) return undefined;
  if (found === undefined) return ms("keepalive_timeout of the upstream", 60_000, keepalive.at, nginxDefault);
  return timeOf(found, "keepalive_timeout of the upstream", found.args[0] ?? "", lookup.diagnostics);
}

function retryLimitsOf({ block, upstream }: Route, lookup: Lookup): RetryLimits[] {
  const servers = upstream?.servers.filter(({ args }) => !args.includes("down")) ?? [];
  if (servers.length < 2 || hasUnreadInclude(upstream?.block.children)) return [];
  const connectTimeout = readDirectiveTime(block, "proxy_connect_timeout", 60_000, lookup);
  const allServers = count(
    "servers to try",
    servers.length,
    upstream?.block.at ?? block.at,
    "all servers of the upstream",
  );
  const written = readDirectiveCount(block, "proxy_next_upstream_tries", allServers, lookup);
  const attempts = written?.value === 0 ? allServers : written;
  if (connectTimeout === undefined || attempts === undefined) return [];
  const retryCondition = findDirective(block, "proxy_next_upstream", lookup);
  if (retryCondition === "unknown" || retryCondition?.args[0] === "off") return [];
  const totalTimeout = readDirectiveTime(block, "proxy_next_upstream_timeout", 0, lookup);
  if (totalTimeout === undefined) return [];
  return [{ connectTimeout, attempts, totalTimeout: totalTimeout.value === 0 ? undefined : totalTimeout }];
}

/** Returns the largest body size of each server, because uploads often have a location of their own. */
function maxBodySizesOf(routes: readonly Route[], lookup: Lookup): ConfigNumber[] {
  const largest = new Map<Directive | undefined, ConfigNumber>();
  for (const { block } of routes) {
    const found = findDirective(block, "client_max_body_size", lookup);
    if (found === "unknown") continue;
    const server = enclosingBlock(block, "server");
    const text = found?.args[0] ?? "1m";
    const value = bytes(text);
    if (value === undefined) {
      lookup.diagnostics.addNote(found?.at ?? block.at, `client_max_body_size ${text}: not a size in nginx's syntax`);
      continue;
    }
    const body = size(
      "client_max_body_size",
      value,
      found?.at ?? block.at,
      found === undefined ? nginxDefault : undefined,
    );
    const largestSoFar = largest.get(server);
    if (largestSoFar === undefined || (largestSoFar.value !== 0 && (value === 0 || value > largestSoFar.value)))
      largest.set(server, body);
  }
  return [...largest.values()];
}

function failTimeoutOf(server: Directive, diagnostics: Diagnostics): ConfigNumber | undefined {
  // With max_fails=0 nginx never stops sending requests to the server.
  if (server.args.includes("max_fails=0")) return undefined;
  const written = server.args.find((arg) => arg.startsWith("fail_timeout="));
  if (written === undefined) return ms("fail_timeout", 10_000, server.at, nginxDefault);
  return timeOf(server, "fail_timeout", written.slice("fail_timeout=".length), diagnostics);
}
