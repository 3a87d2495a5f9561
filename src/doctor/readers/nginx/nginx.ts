import { type Diagnostics, UnreadableError } from "../../diagnostics.ts";
import type { KnownVersion } from "../../facts/versions.ts";
import type { Files } from "../../files.ts";
import { versionInComments } from "../version-comments.ts";
import { readNginxFiles } from "./nginx-includes.ts";
import { noteMisspelled } from "./nginx-spelling.ts";
import { allDirectives, type Directive } from "./nginx-syntax.ts";

/** A `proxy_pass` and the upstream that it leads to. */
export type Route = {
  block: Directive;
  pass: Directive;
  /** The possible targets, without the scheme. */
  targets: readonly string[];
  /** The variables that select the target, and the `map` blocks that define them. */
  variables: readonly string[];
  maps: readonly Directive[];
  upstream: Upstream | undefined;
  isProbe: boolean;
};
export type Upstream = { name: string; block: Directive; servers: readonly Directive[] };

/** A parsed nginx configuration, as the rules use it. */
export type Nginx = {
  root: readonly Directive[];
  all: readonly Directive[];
  upstreams: readonly Upstream[];
  routes: readonly Route[];
  /** The file belongs inside `http`, like the files of conf.d. */
  isFragment: boolean;
  /** The version that a comment names. */
  version: KnownVersion | undefined;
};

const topLevelDirectives = new Set([
  "events",
  "http",
  "worker_processes",
  "stream",
  "mail",
  "pid",
  "user",
  "load_module",
]);
const httpDirectives = new Set([
  "server",
  "upstream",
  "location",
  "map",
  "limit_req_zone",
  "proxy_pass",
  "geo",
  "split_clients",
]);

const nginxDirective =
  /^(?:proxy_|add_header$|limit_|gzip|ssl_|keepalive|worker_|client_|server_|listen$|root$|include$|log_format$|access_log$|error_|return$|rewrite$|default_type$|resolver|set_real_ip)/;

/** Matches location paths of health probes. */
const probePath = /(?:^|[^a-z])(?:alive|livez?|ready|readyz|startupz?|healthz?)(?:[^a-z]|$)/;

export function readNginx(files: Files, path: string, diagnostics: Diagnostics): Nginx {
  const root = readNginxFiles(files, path, diagnostics);
  const all = [...allDirectives(root)];
  const upstreams = all.filter(({ name, children }) => name === "upstream" && children !== undefined).map(upstreamOf);
  const passes = all
    .filter((directive) => /^(?:proxy|grpc|uwsgi|fastcgi)_pass$/.test(directive.name) && !isOfStream(directive))
    .flatMap((pass) => (pass.parent === undefined ? [] : [routeOf(pass, pass.parent, { all, upstreams })]));
  if (!all.some(({ name }) => topLevelDirectives.has(name) || httpDirectives.has(name) || nginxDirective.test(name))) {
    throw new UnreadableError({ file: files.displayPath(path), line: 1 }, "does not look like an nginx configuration");
  }
  noteMisspelled(all, diagnostics);
  notePrograms(all, diagnostics);
  const routes = passes.filter(({ pass }) => pass.name === "proxy_pass");
  for (const { pass } of passes.filter(({ pass }) => pass.name !== "proxy_pass"))
    diagnostics.addNote(pass.at, `${pass.name}: only proxy_pass is understood`);
  for (const { pass, targets } of routes)
    if (targets.length === 0) diagnostics.addNote(pass.at, `proxy_pass ${pass.args[0] ?? ""}: the target is unknown`);
  if (routes.length === 0 && upstreams.length === 0)
    diagnostics.addNote({ file: files.displayPath(path), line: 1 }, "forwards no requests, so few rules apply");
  const version = versionInComments(commentsOf(files, path), files.displayPath(path), "nginx");
  return { root, all, upstreams, routes, isFragment: !isMain(root), version };
}

const commentsOf = (files: Files, path: string): string => (files.kind(path) === "file" ? files.read(path) : "");

/** Records directives that run a Lua program. */
function notePrograms(all: readonly Directive[], diagnostics: Diagnostics): void {
  for (const { name, at } of all)
    if (/^(?:access|rewrite|balancer|header_filter|content|set)_by_lua/.test(name))
      diagnostics.addNote(at, `${name}: the effect of this program is unknown`);
}

/** Returns whether the file is a whole nginx.conf: the first known directive belongs to the top level. */
function isMain(root: readonly Directive[]): boolean {
  const first = root.find(({ name }) => topLevelDirectives.has(name) || httpDirectives.has(name));
  return first !== undefined && topLevelDirectives.has(first.name);
}

/** Returns whether a `proxy_pass` belongs to a `stream` block: it is directly in a server, and has no scheme. */
const isOfStream = ({ parent, args }: Directive): boolean =>
  parent?.name === "server" && !/:\/\/|^\$/.test(args[0] ?? "");

function upstreamOf(block: Directive): Upstream {
  return {
    name: block.args[0] ?? "",
    block,
    servers: block.children?.filter(({ name }) => name === "server") ?? [],
  };
}

function routeOf(pass: Directive, block: Directive, { all, upstreams }: Pick<Nginx, "all" | "upstreams">): Route {
  const { targets, variables, maps } = passTargetsOf(withoutScheme(pass.args[0] ?? ""), all);
  const names = targets.map(hostOf);
  const location = enclosingBlock(block, "location");
  const path = location?.args.join(" ") ?? "";
  return {
    block,
    pass,
    targets,
    variables,
    maps,
    upstream: upstreams.find(({ name }) => names.includes(name)),
    isProbe: probePath.test(path),
  };
}

export function enclosingBlock(block: Directive | undefined, name: string): Directive | undefined {
  for (let current = block; current !== undefined; current = current.parent) if (current.name === name) return current;
  return undefined;
}

const variableIn = (target: string): string | undefined => /^\$\{?(\w+)\}?/.exec(target)?.[1];
const withoutScheme = (target: string): string => target.replace(/^[a-z+]+:\/\//, "");

type PassTargets = { targets: readonly string[]; variables: readonly string[]; maps: readonly Directive[] };

/** Resolves the targets of a `proxy_pass` through variables, with the `map` and `set` directives that define them. */
function passTargetsOf(target: string, all: readonly Directive[], visited: readonly string[] = []): PassTargets {
  const variable = variableIn(target);
  if (variable === undefined) return { targets: [target], variables: [], maps: [] };
  if (visited.includes(variable) || visited.length > 5) return { targets: [], variables: [], maps: [] };
  const suffix = target.replace(/^\$\{?\w+\}?/, "");
  const maps = all.filter(({ name, args }) => /^(?:map|split_clients)$/.test(name) && args[1] === `$${variable}`);
  const possibleValues = [
    ...all.filter(({ name, args }) => name === "set" && args[0] === `$${variable}`).map(({ args }) => args[1] ?? ""),
    ...maps.flatMap(
      ({ children }) => children?.filter(({ name }) => !isMapOption(name)).map(({ args }) => args[0] ?? "") ?? [],
    ),
  ];
  const resolved = possibleValues.map((value) =>
    passTargetsOf(`${withoutScheme(value)}${suffix}`, all, [...visited, variable]),
  );
  return {
    // An empty variable leaves only the text after it, which is not a target.
    targets: resolved.flatMap(({ targets }) => targets).filter((one) => one !== suffix),
    variables: [variable, ...resolved.flatMap(({ variables }) => variables)],
    maps: [...maps, ...resolved.flatMap((one) => one.maps)],
  };
}

const isMapOption = (name: string): boolean => name === "hostnames" || name === "volatile" || name === "include";

/**
 * Returns the host names that nginx resolves once, when it starts: those of upstreams, and of `proxy_pass` without a
 * variable.
 */
export const namesAtStart = ({ upstreams, routes }: Nginx): string[] => [
  ...upstreams
    .flatMap(({ servers }) => servers.filter(({ args }) => !args.includes("resolve")))
    .map(({ args }) => hostOf(args[0] ?? "")),
  ...routes
    .filter(({ variables, upstream }) => variables.length === 0 && upstream === undefined)
    .flatMap(({ targets }) => targets.map(hostOf)),
];

export const hostOf = (target: string): string => target.replace(/[:/?$].*$/, "");
