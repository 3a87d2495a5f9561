import { type App, ms, type Prober, shown, type Told } from "../facts.ts";
import { timeoutLine } from "../readers/haproxy.ts";
import type { Line } from "../readers/haproxy-syntax.ts";
import type { Found, Rule } from "../rule.ts";
import type { Setup } from "../setup.ts";
import { milliseconds } from "../units.ts";
import { saysAlive } from "./probe-paths.ts";
import { location, pod } from "./samples.ts";

/** `timeout server 0`, in whatever unit. */
const isZero = ({ words }: Line): boolean => milliseconds(words[2] ?? "", "ms") === 0;

/** What balancers and libraries wait for an answer unless told otherwise. */
const patience = 60_000;

/** Probers that wait for an answer about dependencies. HAProxy's short check is about how soon it notices, see `drain-`. */
function aboutDependencies({ apps, fronts }: Setup): { prober: Prober; app: App }[] {
  const own = apps.flatMap((app) => app.probers.map((prober) => ({ prober, app })));
  const balancers = fronts
    .filter(({ front }) => front.kind === "alb" || front.kind === "gcp")
    .flatMap(({ front, apps: behind }) => front.checks.flatMap((prober) => behind.map((app) => ({ prober, app }))));
  return [...own, ...balancers].filter(({ prober: { purpose, path, opaque }, app }) => {
    return purpose !== "live" && !opaque && path !== undefined && !saysAlive(path.text, app.settings);
  });
}

export const deadlineRules: readonly Rule[] = [
  {
    id: "deadline-check-longer-than-probe",
    severity: "error",
    title: "The probe gives up before the check behind it does",
    reason:
      "A dependency that is merely slow makes every instance look dead at once, and nobody learns which check it was: the whole service leaves the rotation.",
    arithmetic:
      "`HEALTH_CHECK_TIMEOUT` < time limit of whoever asks: `timeoutSeconds` (1 s unless written), ALB `HealthCheckTimeoutSeconds` (5 s), Google's `timeoutSec` (5 s), Compose `timeout` (30 s)",
    fix: "Raise the prober's time limit above HEALTH_CHECK_TIMEOUT, or lower that.",
    example: {
      kind: "kubernetes",
      beside: { settings: "HEALTH_CHECK_TIMEOUT=2000\n" },
      broken: pod("readinessProbe: { httpGet: { path: /ready, port: 4000 }, timeoutSeconds: 1 }"),
      mended: pod("readinessProbe: { httpGet: { path: /ready, port: 4000 }, timeoutSeconds: 3 }"),
    },
    find: (setup) =>
      aboutDependencies(setup).flatMap(({ prober: { name, timeout }, app }): Found[] => {
        const check = app.settings.number("HEALTH_CHECK_TIMEOUT");
        if (check === undefined || timeout === undefined || check.value < timeout.value) return [];
        return [
          {
            numbers: [timeout, check],
            says: `${name} gives up after ${shown(timeout)}, and a check may take ${shown(check)}.`,
            fix: `Set ${timeout.name} above ${shown(check)}, or HEALTH_CHECK_TIMEOUT below ${shown(timeout)}.`,
          },
        ];
      }),
  },
  {
    id: "deadline-probe-longer-than-interval",
    severity: "warning",
    title: "A probe may take as long as the time between two of them",
    reason:
      "Probes of an instance in trouble follow each other without a pause, so it is asked most when it can answer least, and the time until it is out is longer than the thresholds say.",
    arithmetic:
      "time limit of the probe < its interval: Kubernetes 1 s and 10 s unless written, ALB 5 s and 30 s, Compose 30 s and 30 s, HAProxy `timeout check` and `inter` 2 s; in these two they may be equal, for the next check waits for the answer to the last",
    fix: "Lower the time limit, or raise the interval.",
    example: {
      kind: "kubernetes",
      broken: pod("livenessProbe: { httpGet: { path: /alive, port: 4000 }, timeoutSeconds: 10, periodSeconds: 5 }"),
      mended: pod("livenessProbe: { httpGet: { path: /alive, port: 4000 }, timeoutSeconds: 3, periodSeconds: 5 }"),
    },
    find: ({ apps, fronts }) =>
      [...apps.flatMap(({ probers }) => probers), ...fronts.flatMap(({ front }) => front.checks)].flatMap(
        ({ name, timeout, interval, pauses = false }): Found[] => {
          if (timeout === undefined || interval === undefined || timeout.value < interval.value) return [];
          if (pauses && timeout.value === interval.value) return [];
          // Two defaults, or one that follows the other, are nobody's mistake.
          if (timeout.origin !== undefined && (interval.origin !== undefined || timeout.origin.includes("as inter")))
            return [];
          const says = `${name}: a time limit of ${shown(timeout)} would have to be shorter than the interval of ${shown(interval)}.`;
          return [{ numbers: [timeout, interval], says }];
        },
      ),
  },
  {
    id: "deadline-request-longer-than-proxy",
    severity: "error",
    title: "The proxy gives up a request before the application does",
    reason:
      "Users get a bare 504, while the application goes on working for nobody: whoever tries again does it twice.",
    arithmetic:
      "`REQUEST_TIMEOUT_MS` < nginx `proxy_read_timeout` (60 s unless written), HAProxy `timeout server`, ALB `idle_timeout` (60 s), ingress-nginx `proxy-read-timeout` (60 s), HTTPRoute `timeouts`, Google's `timeoutSec` (30 s). Locations of probes are left out",
    fix: "Raise the proxy's time limit above REQUEST_TIMEOUT_MS, or lower that.",
    example: {
      kind: "nginx",
      beside: { settings: "REQUEST_TIMEOUT_MS=15000\n" },
      broken: location("proxy_read_timeout 10s;"),
      mended: location("proxy_read_timeout 20s;"),
    },
    find: ({ fronts }) =>
      fronts.flatMap(({ front, apps }) =>
        apps.flatMap(({ settings }) => {
          const request = settings.number("REQUEST_TIMEOUT_MS");
          if (request === undefined) return [];
          return front.reads
            .filter((read) => read.value !== 0 && read.value <= request.value)
            .map(
              (read): Found => ({
                numbers: [read, request],
                says: `${front.name} waits ${shown(read)} for an answer that may take ${shown(request)}.`,
                fix: `Set ${read.name} to ${shown(ms("", request.value + 5000, read.at))}, or REQUEST_TIMEOUT_MS below ${shown(read)}.`,
              }),
            );
        }),
      ),
  },
  {
    id: "deadline-tries-longer-than-total",
    severity: "error",
    title: "There is no time for the second try",
    reason:
      "An instance whose machine is gone does not refuse a connection, it says nothing: all the time that there is goes to the first try, and users get 504 although others could have answered.",
    arithmetic:
      "nginx: `proxy_connect_timeout` (60 s unless written) · `proxy_next_upstream_tries` ≤ `proxy_next_upstream_timeout`; ingress-nginx the same by its annotations (5 s, 3 tries)",
    fix: "Lower proxy_connect_timeout: within a data centre 2 s are plenty.",
    example: {
      kind: "nginx",
      broken: location("proxy_connect_timeout 10s; proxy_next_upstream_tries 2; proxy_next_upstream_timeout 15s;"),
      mended: location("proxy_connect_timeout 2s; proxy_next_upstream_tries 2; proxy_next_upstream_timeout 25s;"),
    },
    find: ({ fronts }) =>
      fronts.flatMap(({ front }) =>
        front.attempts.flatMap(({ connect, tries, total }): Found[] => {
          if (total === undefined || connect.value * tries.value <= total.value) return [];
          const needed = ms("", connect.value * tries.value, connect.at);
          return [
            {
              numbers: [connect, tries, total],
              says: `${tries.value} tries of ${shown(connect)} are ${shown(needed)}, and ${shown(total)} are all there is.`,
            },
          ];
        }),
      ),
  },
  {
    id: "deadline-tries-longer-than-client",
    severity: "warning",
    title: "The proxy still looks for an instance when the client has gone",
    reason:
      "While a machine is gone, users wait for a minute and more and then get an error, and their connections pile up in the proxy.",
    arithmetic:
      "nginx `proxy_next_upstream_timeout`, or without one `proxy_connect_timeout` (60 s unless written) · tries (all servers unless written); HAProxy `timeout connect` · (`retries` 3 + 1) < what the client waits: the idle timeout of an ALB in the same set-up, else 60 s. Without such an ALB only what is written is looked at",
    fix: "Write proxy_connect_timeout 2s, proxy_next_upstream_tries 2 and proxy_next_upstream_timeout 25s (HAProxy: timeout connect 2s, retries 2).",
    example: {
      kind: "nginx",
      broken: location("proxy_connect_timeout 30s;"),
      mended: location("proxy_connect_timeout 2s;"),
    },
    find: ({ fronts }) => {
      const balancer = fronts.find(({ front }) => front.kind === "alb")?.front.idle[0];
      return fronts.flatMap(({ front }) =>
        front.attempts.flatMap(({ connect, tries, total }): Found[] => {
          const waits: Told =
            balancer ??
            ms("what a client waits", patience, connect.at, "assumed: what balancers wait unless told otherwise");
          const longest = total?.value ?? connect.value * tries.value;
          const ours = total === undefined ? [connect, tries] : [total];
          // Defaults against an assumption are nobody's mistake.
          const isWritten = balancer !== undefined || ours.some(({ origin }) => origin === undefined);
          if (longest < waits.value || !isWritten) return [];
          const numbers = [...ours, waits];
          const why =
            total === undefined ? `${tries.value} tries of ${shown(connect)}` : "tries at one server after the other";
          return [
            {
              numbers,
              says: `${front.name}: ${why} take up to ${shown(ms("", longest, connect.at))}, and the client waits ${shown(waits)}.`,
            },
          ];
        }),
      );
    },
  },
  {
    id: "deadline-none",
    severity: "error",
    title: "HAProxy waits for ever",
    reason:
      "One instance or client that says nothing holds its connection for good: they add up until HAProxy takes no more, and everybody is locked out.",
    arithmetic:
      "`timeout connect`, `timeout client` and `timeout server` are written, here or in `defaults`, and not 0; HAProxy has no defaults for them",
    fix: "Write timeout connect 2s, timeout client 30s and timeout server 20s in defaults.",
    example: {
      kind: "haproxy",
      broken:
        "defaults\n  mode http\n  timeout client 30s\n  timeout server 20s\nbackend api\n  server app1 app1:4000 check\n",
      mended:
        "defaults\n  mode http\n  timeout connect 2s\n  timeout client 30s\n  timeout server 20s\nbackend api\n  server app1 app1:4000 check\n",
    },
    find: ({ haproxy }) =>
      haproxy.flatMap(({ proxies, piece }) =>
        proxies.flatMap(({ section, servers }): Found[] => {
          if (piece) return [];
          const takes = section.kind !== "backend" && section.lines.some(({ words }) => words[0] === "bind");
          const wanted = [...(takes ? ["client"] : []), ...(servers.length > 0 ? ["connect", "server"] : [])];
          const missing = wanted.filter((name) => timeoutLine(section, name) === undefined);
          const forever = wanted.flatMap((name) => timeoutLine(section, name) ?? []).filter(isZero);
          const whose = `${section.kind} ${section.name}`;
          return [
            ...(missing.length === 0
              ? []
              : [{ places: [section.at], says: `${whose} has no timeout ${missing.join(", no timeout ")}.` }]),
            ...forever.map(({ words, at }) => ({ places: [at], says: `${words.join(" ")} is no limit at all.` })),
          ];
        }),
      ),
  },
  {
    id: "deadline-query-longer-than-request",
    severity: "warning",
    title: "A request is given up before its query is",
    reason: "Queries go on for users who have their error already, and hold the connections that others wait for.",
    arithmetic: "`DB_CONNECT_TIMEOUT_MS` + `DB_STATEMENT_TIMEOUT_MS` < `REQUEST_TIMEOUT_MS`",
    fix: "Lower DB_STATEMENT_TIMEOUT_MS, or raise REQUEST_TIMEOUT_MS (and what waits for it).",
    example: { kind: "settings", broken: "DB_STATEMENT_TIMEOUT_MS=30000\n", mended: "DB_STATEMENT_TIMEOUT_MS=5000\n" },
    find: ({ apps }) =>
      apps.flatMap(({ settings }): Found[] => {
        const connect = settings.number("DB_CONNECT_TIMEOUT_MS");
        const statement = settings.number("DB_STATEMENT_TIMEOUT_MS");
        const request = settings.number("REQUEST_TIMEOUT_MS");
        if (connect === undefined || statement === undefined || request === undefined) return [];
        if (connect.value + statement.value < request.value) return [];
        const says = `${shown(connect)} for a connection and ${shown(statement)} for a statement would have to be less than the ${shown(request)} of a request.`;
        return [{ numbers: [statement, connect, request], says }];
      }),
  },
];
