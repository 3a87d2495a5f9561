import {
  count,
  type Front,
  known,
  ms,
  type Notice,
  nothingKnown,
  type Place,
  type Prober,
  size,
  type Told,
} from "../facts.ts";
import type { Ledger } from "../source.ts";
import { milliseconds } from "../units.ts";
import {
  conditionOf,
  type Haproxy,
  isChecked,
  isTracking,
  lineOf,
  linesOf,
  optionOf,
  type ProxySection,
  type Server,
  serverOption,
  timeoutLine,
} from "./haproxy.ts";
import type { Line, Section } from "./haproxy-syntax.ts";

const haproxyDefault = "HAProxy's default";

/** A front for each section that passes requests on. */
export function haproxyFronts({ sections, proxies }: Haproxy, ledger: Ledger): Front[] {
  const global = sections.find(({ kind }) => kind === "global");
  const releases = known(global === undefined ? [] : [hardStop(global, { ledger })]);
  const passing = proxies.filter(({ servers }) => servers.length > 0);
  // A piece: how long requests may take at a reload can be judged without knowing where they go.
  if (passing.length === 0 && global !== undefined && releases.length > 0)
    return [{ ...nothingKnown, name: "HAProxy", kind: "haproxy", at: global.at, releases }];
  return passing
    .filter((proxy) => isWeb(proxy, ledger))
    .map((proxy) => ({ ...frontOf(proxy, proxies, ledger), releases }));
}

/** Connections that are passed on as they are may be a database's, whose times are none of ours. */
function isWeb({ section, http }: ProxySection, ledger: Ledger): boolean {
  if (http || optionOf(section, "httpchk") !== undefined) return true;
  const written = lineOf(section, "mode") === undefined ? "has no mode, which means tcp" : "is in mode tcp";
  ledger.note(
    section.at,
    `${section.kind} ${section.name} ${written}, without option httpchk: not compared with the application`,
  );
  return false;
}

type Finder = { ledger: Ledger };
type Written = { text: string; at: Place } | undefined;

function timeFrom(found: Written, name: string, { ledger }: Finder): Told | undefined {
  if (found === undefined) return undefined;
  const value = milliseconds(found.text, "ms");
  if (value === undefined)
    ledger.note(found.at, `${name} ${found.text}: not a time, or a variable whose value is not known`);
  return value === undefined ? undefined : ms(name, value, found.at);
}

/** A default stands in for what is not written, and for nothing else. */
const timeOr = (found: Written, name: string, missing: Told | undefined, finder: Finder): Told | undefined =>
  found === undefined ? missing : timeFrom(found, name, finder);

function countOr(found: Written, name: string, missing: Told, { ledger }: Finder): Told | undefined {
  if (found === undefined) return missing;
  if (/^\d+$/.test(found.text)) return count(name, Number(found.text), found.at);
  ledger.note(found.at, `${name} ${found.text}: not a number, or a variable whose value is not known`);
  return undefined;
}

const wordAt = (line: Line | undefined, index: number): Written =>
  line && { text: line.words[index] ?? "", at: line.at };

function timeout(section: Section, name: string, ledger: Ledger): Told | undefined {
  return timeFrom(wordAt(timeoutLine(section, name), 2), `timeout ${name}`, { ledger });
}

function frontOf(proxy: ProxySection, all: readonly ProxySection[], ledger: Ledger): Front {
  const { section, servers, http } = proxy;
  const finder = { ledger };
  const checked = servers.filter((server) => isChecked(server) && !isTracking(server));
  const checkTimeout = wordAt(timeoutLine(section, "check"), 2);
  const hidden =
    optionOf(section, "external-check") ??
    section.lines.find(({ words }) => /^(?:external-check|tcp-check)$/.test(words[0] ?? ""));
  if (hidden !== undefined && checked.length > 0)
    ledger.note(hidden.at, `${hidden.words.join(" ").slice(0, 40)}: what it asks cannot be seen`);
  const asks = { path: pathOf(section), opaque: hidden !== undefined };
  const probes = checked.map((server) => timesOf(server, asks, checkTimeout, finder));
  const ways = all.filter(({ section: { kind } }) => kind === "frontend" || kind === "listen");
  return {
    ...nothingKnown,
    name: `HAProxy (${section.kind} ${section.name})`,
    kind: "haproxy",
    at: section.at,
    hosts: [...new Set(servers.map(({ address }) => address.replace(/:\d*$/, "")))],
    idle: http ? idleOf(proxy, finder) : [],
    reads: known([timeout(section, "server", ledger)]),
    clientIdle: http
      ? known(
          ways.filter((way) => way.http && way.servers.length === 0).map(({ section: way }) => clientIdle(way, ledger)),
        )
      : [],
    attempts: attemptsOf(section, ledger),
    notices: distinct(known(probes.map(({ notice }) => notice)), ({ words }) => words),
    checks: distinct(
      probes.map(({ prober }) => prober),
      ({ path, timeout: limit, interval }) => `${path?.text} ${limit?.value} ${interval?.value}`,
    ),
    bodies: ways.flatMap(({ section: way }) => bodiesOf(way)),
  };
}

/** Servers that are checked alike are told of once. */
const distinct = <T>(all: readonly T[], by: (one: T) => string): T[] =>
  [...new Map(all.toReversed().map((one) => [by(one), one])).values()].reverse();

/** On HTTP/1 an idle connection ends with the smaller of the two. */
function clientIdle(way: Section, ledger: Ledger): Told | undefined {
  const waiting = ["http-keep-alive", "http-request"].find((one) => timeoutLine(way, one) !== undefined);
  const ends = [waiting, "client"].flatMap((name) => (name === undefined ? [] : (timeout(way, name, ledger) ?? [])));
  return ends.sort((one, other) => one.value - other.value)[0];
}

const hardStop = (global: Section, finder: Finder): Told | undefined =>
  timeFrom(wordAt(lineOf(global, "hard-stop-after"), 1), "hard-stop-after", finder);

/** Half of the idle connections go at each interval: hardly one gets older than a few of them. */
function idleOf({ section, servers }: ProxySection, finder: Finder): Told[] {
  if (
    lineOf(section, "http-reuse", "never") ??
    optionOf(section, "http-server-close") ??
    optionOf(section, "httpclose")
  )
    return [];
  const written = servers.flatMap((server) => serverOption(server, "pool-purge-delay") ?? []);
  if (written.length === 0) return [ms("pool-purge-delay", 5000, section.at, haproxyDefault)];
  return known(written.map((one) => timeFrom(one, "pool-purge-delay", finder))).filter(({ value }) => value > 0);
}

function attemptsOf(section: Section, ledger: Ledger): Front["attempts"] {
  const connect = timeout(section, "connect", ledger);
  const missing = count("retries", 3, section.at, haproxyDefault);
  const retries = countOr(wordAt(lineOf(section, "retries"), 1), "retries", missing, { ledger });
  if (connect === undefined || retries === undefined) return [];
  return [{ connect, tries: { ...retries, name: "retries + 1", value: retries.value + 1 }, total: undefined }];
}

function timesOf(server: Server, asks: Pick<Prober, "path" | "opaque">, checkTimeout: Written, finder: Finder) {
  const option = (name: string, missing: Told | undefined) => timeOr(serverOption(server, name), name, missing, finder);
  const inter = option("inter", ms("inter", 2000, server.at, haproxyDefault));
  const missingFall = count("fall", 3, server.at, haproxyDefault);
  const fall = countOr(serverOption(server, "fall"), "fall", missingFall, finder);
  const asInter = (name: string): Told | undefined =>
    inter && { ...inter, name, origin: "HAProxy's default: as inter" };
  const fast = option("fastinter", asInter("fastinter"));
  const timeLimit = timeOr(checkTimeout, "timeout check", asInter("timeout check"), finder);
  const prober: Prober = {
    name: `the check of ${server.name}`,
    purpose: "ready",
    at: server.at,
    ...asks,
    timeout: timeLimit,
    interval: inter,
    pauses: true,
  };
  if (inter === undefined || fast === undefined || timeLimit === undefined || fall === undefined) return { prober };
  const after = inter.value + (fall.value - 1) * fast.value + fall.value * timeLimit.value;
  const words = `inter + (fall − 1) · fastinter + fall · timeout check = ${[inter, fast, timeLimit].map(({ value }) => value / 1000).join(", ")} s with fall ${fall.value}`;
  const notice: Notice = { words, after, numbers: [inter, fall, fast, timeLimit], severity: "error" };
  return { prober, notice };
}

/** What the check asks for; undefined where a connection is enough for it. */
function pathOf(section: Section): Prober["path"] {
  const option = optionOf(section, "httpchk");
  if (option === undefined) return undefined;
  const send = lineOf(section, "http-check", "send");
  const sent = send?.words[send.words.indexOf("uri") + 1];
  if (send?.words.includes("uri") && sent !== undefined) return { name: "http-check send", text: sent, at: send.at };
  const text = option.words.slice(2).find((word) => word.startsWith("/")) ?? "/";
  return { name: "option httpchk", text, at: option.at };
}

/** A limit is a rule that denies, or answers 413, by the length of the body. */
function bodiesOf(section: Section): Told[] {
  const returns = linesOf(section, "http-request", "return").filter(({ words }) => words.includes("413"));
  return [...linesOf(section, "http-request", "deny"), ...returns].flatMap((line) => {
    const limit =
      /(?:(?:req\.)?f?hdr_val\(content-length\)|req\.f?hdr\(content-length\),int|req\.body_size|req\.body_len)(?:,\S+)? (?:-m int )?g[te] (\d+)/i.exec(
        conditionOf(section, line),
      )?.[1];
    return limit === undefined ? [] : [size("largest body", Number(limit), line.at)];
  });
}
