import { type Attempts, count, type Front, known, ms, nothingKnown, type Place, size, type Told } from "../facts.ts";
import type { Ledger } from "../source.ts";
import { bytes, milliseconds } from "../units.ts";
import { enclosing, hostOf, type Nginx, type Route, type Upstream } from "./nginx.ts";
import { type Directive, isPartlyUnread, nearest } from "./nginx-syntax.ts";

const nginxDefault = "nginx's default";

type Finder = { root: readonly Directive[]; ledger: Ledger };

function lookUp(block: Directive, name: string, { root, ledger }: Finder): Directive | "unknown" | undefined {
  const all = nearest(block, root, name);
  if (all === undefined) return "unknown";
  const [found] = all;
  if (found === undefined) return undefined;
  if (found.args.some((arg) => arg.includes("$"))) {
    ledger.note(found.at, `${name} ${found.args.join(" ")}: a variable, so its value is not known`);
    return "unknown";
  }
  return found;
}

function time(block: Directive, name: string, initial: number, finder: Finder): Told | undefined {
  const found = lookUp(block, name, finder);
  if (found === "unknown") return undefined;
  if (found === undefined) return ms(name, initial, block.at, nginxDefault);
  return timeOf(found, name, found.args[0] ?? "", finder.ledger);
}

function timeOf(directive: Directive, name: string, text: string, ledger: Ledger): Told | undefined {
  const value = milliseconds(text, "s");
  if (value === undefined) ledger.note(directive.at, `${name} ${text}: not a time that nginx knows`);
  return value === undefined ? undefined : ms(name, value, directive.at);
}

function whole(block: Directive, name: string, initial: Told, finder: Finder): Told | undefined {
  const found = lookUp(block, name, finder);
  if (found === "unknown") return undefined;
  if (found === undefined) return initial;
  const value = Number(found.args[0]);
  if (!Number.isInteger(value)) finder.ledger.note(found.at, `${name} ${found.args[0] ?? ""}: not a number`);
  return Number.isInteger(value) ? count(name, value, found.at) : undefined;
}

/** Undefined where it passes no request on, and says nothing of those that are under way. */
export function nginxFront(nginx: Nginx, ledger: Ledger): Front | undefined {
  const shutdown = nginx.root.filter(({ name }) => name === "worker_shutdown_timeout");
  if (nginx.routes.length + nginx.upstreams.length + shutdown.length === 0) return undefined;
  const finder = { root: nginx.root, ledger };
  const serving = nginx.routes.filter(({ probes }) => !probes);
  const first = serving[0]?.block ?? nginx.upstreams[0]?.block ?? nginx.root[0];
  const at: Place = first?.at ?? { file: "", line: 1 };
  const used = nginx.upstreams.filter(
    (upstream) => nginx.routes.length === 0 || nginx.routes.some((route) => route.upstream === upstream),
  );
  return {
    ...nothingKnown,
    name: "nginx",
    kind: "nginx",
    at,
    hosts: hostsOf(nginx),
    idle: known(used.map((upstream) => idleOf(upstream, finder))),
    reads: known(serving.map(({ block }) => time(block, "proxy_read_timeout", 60_000, finder))),
    clientIdle: known(
      serving.map(({ block }) => time(enclosing(block, "server") ?? block, "keepalive_timeout", 75_000, finder)),
    ),
    attempts: serving.flatMap((route) => attemptsOf(route, finder)),
    releases: known(shutdown.map((found) => timeOf(found, found.name, found.args[0] ?? "", ledger))),
    bodies: bodiesOf(serving, finder),
    quarantines: known(
      used.flatMap(({ servers }) => (servers.length > 1 ? servers : []).map((server) => quarantineOf(server, ledger))),
    ),
  };
}

function hostsOf({ upstreams, routes }: Nginx): string[] {
  const targets = routes.flatMap((route) => route.targets);
  const servers = upstreams.flatMap(({ servers }) => servers.map(({ args }) => args[0] ?? ""));
  return [...new Set([...targets, ...servers].map(hostOf))];
}

/** Without `keepalive` nginx opens a connection for each request, and none can be closed under it. */
function idleOf({ block }: Upstream, finder: Finder): Told | undefined {
  const keeps = block.children?.find(({ name }) => name === "keepalive");
  if (keeps === undefined || keeps.args[0] === "0") return undefined;
  const found = block.children?.find(({ name }) => name === "keepalive_timeout");
  if (found === undefined && isPartlyUnread(block.children)) return undefined;
  if (found === undefined) return ms("keepalive_timeout of the upstream", 60_000, keeps.at, nginxDefault);
  return timeOf(found, "keepalive_timeout of the upstream", found.args[0] ?? "", finder.ledger);
}

function attemptsOf({ block, upstream }: Route, finder: Finder): Attempts[] {
  const servers = upstream?.servers.filter(({ args }) => !args.includes("down")) ?? [];
  if (servers.length < 2 || isPartlyUnread(upstream?.block.children)) return [];
  const connect = time(block, "proxy_connect_timeout", 60_000, finder);
  const all = count("servers that are tried", servers.length, upstream?.block.at ?? block.at, "as many as there are");
  const written = whole(block, "proxy_next_upstream_tries", all, finder);
  const tries = written?.value === 0 ? all : written;
  if (connect === undefined || tries === undefined) return [];
  const when = lookUp(block, "proxy_next_upstream", finder);
  if (when === "unknown" || when?.args[0] === "off") return [];
  const total = time(block, "proxy_next_upstream_timeout", 0, finder);
  if (total === undefined) return [];
  return [{ connect, tries, total: total.value === 0 ? undefined : total }];
}

/** The largest body of each server: uploads have a location of their own in many set-ups. */
function bodiesOf(routes: readonly Route[], finder: Finder): Told[] {
  const largest = new Map<Directive | undefined, Told>();
  for (const { block } of routes) {
    const found = lookUp(block, "client_max_body_size", finder);
    if (found === "unknown") continue;
    const server = enclosing(block, "server");
    const text = found?.args[0] ?? "1m";
    const value = bytes(text);
    if (value === undefined) {
      finder.ledger.note(found?.at ?? block.at, `client_max_body_size ${text}: not a size that nginx knows`);
      continue;
    }
    const body = size(
      "client_max_body_size",
      value,
      found?.at ?? block.at,
      found === undefined ? nginxDefault : undefined,
    );
    const before = largest.get(server);
    if (before === undefined || (before.value !== 0 && (value === 0 || value > before.value)))
      largest.set(server, body);
  }
  return [...largest.values()];
}

function quarantineOf(server: Directive, ledger: Ledger): Told | undefined {
  // Never left out, however often it fails.
  if (server.args.includes("max_fails=0")) return undefined;
  const written = server.args.find((arg) => arg.startsWith("fail_timeout="));
  if (written === undefined) return ms("fail_timeout", 10_000, server.at, nginxDefault);
  return timeOf(server, "fail_timeout", written.slice("fail_timeout=".length), ledger);
}
