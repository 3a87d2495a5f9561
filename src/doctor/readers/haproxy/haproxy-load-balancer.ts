import type { Diagnostics } from "../../diagnostics.ts";
import type { Probe } from "../../facts/app.ts";
import { type ConfigNumber, count, defined, ms, type Place, size } from "../../facts/config-values.ts";
import { emptyLoadBalancer, type FailureDetection, type LoadBalancer } from "../../facts/load-balancer.ts";
import { milliseconds } from "../../facts/units.ts";
import {
  conditionOf,
  effectiveLine,
  effectiveOption,
  type Haproxy,
  isChecked,
  isTracking,
  linesOf,
  type ProxySection,
  type Server,
  serverOption,
  timeoutLine,
} from "./haproxy.ts";
import type { Line, Section } from "./haproxy-syntax.ts";

const haproxyDefault = "HAProxy's default";

/** Returns a load balancer for each section with servers. */
export function haproxyLoadBalancers({ sections, proxies }: Haproxy, diagnostics: Diagnostics): LoadBalancer[] {
  const global = sections.find(({ kind }) => kind === "global");
  const drainTimeouts = defined(global === undefined ? [] : [hardStop(global, diagnostics)]);
  const forwarding = proxies.filter(({ servers }) => servers.length > 0);
  // A file without servers may still limit how long requests may finish after a reload.
  if (forwarding.length === 0 && global !== undefined && drainTimeouts.length > 0)
    return [{ ...emptyLoadBalancer, name: "HAProxy", kind: "haproxy", at: global.at, drainTimeouts }];
  return forwarding
    .filter((proxy) => forwardsHttp(proxy, diagnostics))
    .map((proxy) => ({ ...loadBalancerOf(proxy, proxies, diagnostics), drainTimeouts }));
}

/** A section in TCP mode may forward to a database, so it is only compared if it checks over HTTP. */
function forwardsHttp({ section, isHttp }: ProxySection, diagnostics: Diagnostics): boolean {
  if (isHttp || effectiveOption(section, "httpchk") !== undefined) return true;
  const modeText = effectiveLine(section, "mode") === undefined ? "has no mode, so its mode is tcp" : "is in mode tcp";
  diagnostics.addNote(
    section.at,
    `${section.kind} ${section.name} ${modeText}, without option httpchk: not compared with the application`,
  );
  return false;
}

type Written = { text: string; at: Place } | undefined;

function parseTime(found: Written, name: string, diagnostics: Diagnostics): ConfigNumber | undefined {
  if (found === undefined) return undefined;
  const value = milliseconds(found.text, "ms");
  if (value === undefined)
    diagnostics.addNote(found.at, `${name} ${found.text}: not a time, or a variable whose value is not known`);
  return value === undefined ? undefined : ms(name, value, found.at);
}

/** Returns the default if the file sets no value, and undefined if the value cannot be parsed. */
const timeOrDefault = (
  found: Written,
  name: string,
  fallback: ConfigNumber | undefined,
  diagnostics: Diagnostics,
): ConfigNumber | undefined => (found === undefined ? fallback : parseTime(found, name, diagnostics));

function countOrDefault(
  found: Written,
  name: string,
  fallback: ConfigNumber,
  diagnostics: Diagnostics,
): ConfigNumber | undefined {
  if (found === undefined) return fallback;
  if (/^\d+$/.test(found.text)) return count(name, Number(found.text), found.at);
  diagnostics.addNote(found.at, `${name} ${found.text}: not a number, or a variable whose value is not known`);
  return undefined;
}

const wordAt = (line: Line | undefined, index: number): Written =>
  line && { text: line.words[index] ?? "", at: line.at };

function timeoutOf(section: Section, name: string, diagnostics: Diagnostics): ConfigNumber | undefined {
  return parseTime(wordAt(timeoutLine(section, name), 2), `timeout ${name}`, diagnostics);
}

function loadBalancerOf(proxy: ProxySection, all: readonly ProxySection[], diagnostics: Diagnostics): LoadBalancer {
  const { section, servers, isHttp } = proxy;
  const checked = servers.filter((server) => isChecked(server) && !isTracking(server));
  const checkTimeout = wordAt(timeoutLine(section, "check"), 2);
  const customCheck =
    effectiveOption(section, "external-check") ??
    section.lines.find(({ words }) => /^(?:external-check|tcp-check)$/.test(words[0] ?? ""));
  if (customCheck !== undefined && checked.length > 0)
    diagnostics.addNote(
      customCheck.at,
      `${customCheck.words.join(" ").slice(0, 40)}: the request of this check is unknown`,
    );
  const checkRequest = {
    path: pathOf(section),
    hasUnknownRequest: customCheck !== undefined,
    // With one server, the result of a check cannot direct requests to another server.
    requiresPath: servers.length > 1,
  };
  const probes = checked.map((server) => checkTimesOf(server, checkRequest, checkTimeout, diagnostics));
  const frontends = all.filter(({ section: { kind } }) => kind === "frontend" || kind === "listen");
  return {
    ...emptyLoadBalancer,
    name: `HAProxy (${section.kind} ${section.name})`,
    kind: "haproxy",
    at: section.at,
    hosts: [...new Set(servers.map(({ address }) => address.replace(/:\d*$/, "")))],
    idleTimeouts: isHttp ? idleOf(proxy, diagnostics) : [],
    readTimeouts: defined([timeoutOf(section, "server", diagnostics)]),
    clientIdleTimeouts: isHttp
      ? defined(
          frontends
            .filter((frontend) => frontend.isHttp && frontend.servers.length === 0)
            .map(({ section: frontend }) => clientIdleOf(frontend, diagnostics)),
        )
      : [],
    retryLimits: retryLimitsOf(section, diagnostics),
    failureDetections: distinct(defined(probes.map(({ detection }) => detection)), ({ formula }) => formula),
    checks: distinct(
      probes.map(({ probe }) => probe),
      ({ path, timeout: limit, interval }) => `${path?.text} ${limit?.value} ${interval?.value}`,
    ),
    maxBodySizes: frontends.flatMap(({ section: frontend }) => maxBodySizesOf(frontend)),
  };
}

/** Removes duplicates. Servers with the same check lead to one finding. */
const distinct = <T>(all: readonly T[], by: (one: T) => string): T[] =>
  [...new Map(all.toReversed().map((one) => [by(one), one])).values()].reverse();

/** An idle HTTP/1 connection is closed by the shorter of the two timeouts. */
function clientIdleOf(frontend: Section, diagnostics: Diagnostics): ConfigNumber | undefined {
  const waiting = ["http-keep-alive", "http-request"].find((one) => timeoutLine(frontend, one) !== undefined);
  const closingTimeouts = [waiting, "client"].flatMap((name) =>
    name === undefined ? [] : (timeoutOf(frontend, name, diagnostics) ?? []),
  );
  return closingTimeouts.sort((one, other) => one.value - other.value)[0];
}

const hardStop = (global: Section, diagnostics: Diagnostics): ConfigNumber | undefined =>
  parseTime(wordAt(effectiveLine(global, "hard-stop-after"), 1), "hard-stop-after", diagnostics);

/**
 * HAProxy closes half of the idle connections after each `pool-purge-delay`, so this delay counts as the idle timeout.
 */
function idleOf({ section, servers }: ProxySection, diagnostics: Diagnostics): ConfigNumber[] {
  if (
    effectiveLine(section, "http-reuse", "never") ??
    effectiveOption(section, "http-server-close") ??
    effectiveOption(section, "httpclose")
  )
    return [];
  const purgeDelays = servers.flatMap((server) => serverOption(server, "pool-purge-delay") ?? []);
  if (purgeDelays.length === 0) return [ms("pool-purge-delay", 5000, section.at, haproxyDefault)];
  return defined(purgeDelays.map((one) => parseTime(one, "pool-purge-delay", diagnostics))).filter(
    ({ value }) => value > 0,
  );
}

function retryLimitsOf(section: Section, diagnostics: Diagnostics): LoadBalancer["retryLimits"] {
  const connectTimeout = timeoutOf(section, "connect", diagnostics);
  const fallback = count("retries", 3, section.at, haproxyDefault);
  const retries = countOrDefault(wordAt(effectiveLine(section, "retries"), 1), "retries", fallback, diagnostics);
  if (connectTimeout === undefined || retries === undefined) return [];
  return [
    {
      connectTimeout,
      attempts: { ...retries, name: "retries + 1", value: retries.value + 1 },
      totalTimeout: undefined,
    },
  ];
}

function checkTimesOf(
  server: Server,
  checkRequest: Pick<Probe, "path" | "hasUnknownRequest" | "requiresPath">,
  checkTimeout: Written,
  diagnostics: Diagnostics,
) {
  const option = (name: string, fallback: ConfigNumber | undefined) =>
    timeOrDefault(serverOption(server, name), name, fallback, diagnostics);
  const inter = option("inter", ms("inter", 2000, server.at, haproxyDefault));
  const defaultFall = count("fall", 3, server.at, haproxyDefault);
  const fall = countOrDefault(serverOption(server, "fall"), "fall", defaultFall, diagnostics);
  const asInter = (name: string): ConfigNumber | undefined =>
    inter && { ...inter, name, origin: "HAProxy's default: same as inter" };
  const fastinter = option("fastinter", asInter("fastinter"));
  const timeLimit = timeOrDefault(checkTimeout, "timeout check", asInter("timeout check"), diagnostics);
  const probe: Probe = {
    name: `the check of ${server.name}`,
    purpose: "ready",
    at: server.at,
    ...checkRequest,
    timeout: timeLimit,
    interval: inter,
    waitsForAnswer: true,
  };
  // A check that only opens a connection also succeeds during a drain, so it does not detect the drain.
  const readsStatus = checkRequest.path !== undefined && !checkRequest.hasUnknownRequest;
  if (inter === undefined || fastinter === undefined || fall === undefined || !readsStatus) return { probe };
  const durationMs = inter.value + (fall.value - 1) * fastinter.value;
  const formula = `inter + (fall − 1) · fastinter = ${inter.value / 1000} + ${fall.value - 1} · ${fastinter.value / 1000} s`;
  const detection: FailureDetection = { formula, durationMs, numbers: [inter, fall, fastinter], severity: "error" };
  return { probe, detection };
}

/** Returns the path that the check requests; undefined for a check that only opens a connection. */
function pathOf(section: Section): Probe["path"] {
  const option = effectiveOption(section, "httpchk");
  if (option === undefined) return undefined;
  const send = effectiveLine(section, "http-check", "send");
  const sent = send?.words[send.words.indexOf("uri") + 1];
  if (send?.words.includes("uri") && sent !== undefined) return { name: "http-check send", text: sent, at: send.at };
  const text = option.words.slice(2).find((word) => word.startsWith("/")) ?? "/";
  return { name: "option httpchk", text, at: option.at };
}

/** Finds rules that deny a request, or return 413, by the length of its body. */
function maxBodySizesOf(section: Section): ConfigNumber[] {
  const returns = linesOf(section, "http-request", "return").filter(({ words }) => words.includes("413"));
  return [...linesOf(section, "http-request", "deny"), ...returns].flatMap((line) => {
    const limit =
      /(?:(?:req\.)?f?hdr_val\(content-length\)|req\.f?hdr\(content-length\),int|req\.body_size|req\.body_len)(?:,\S+)? (?:-m int )?g[te] (\d+)/i.exec(
        conditionOf(section, line),
      )?.[1];
    return limit === undefined ? [] : [size("largest body", Number(limit), line.at)];
  });
}
