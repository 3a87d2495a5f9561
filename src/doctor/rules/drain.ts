import { ms, shown } from "../facts.ts";
import { isChecked, lineOf, optionOf, type Server, serverOption } from "../readers/haproxy.ts";
import { nearest } from "../readers/nginx-syntax.ts";
import type { Found, Rule } from "../rule.ts";
import { saysAlive } from "./probe-paths.ts";
import { backend, location, pod } from "./samples.ts";

/** Endpoints take 5 to 15 s to get around: less than the least of it never is enough, and twice that hardly ever is not. */
const propagation = { least: 5000, usual: 10_000 };

/** Somebody has to put it into use by hand before a request gets there. */
const isOutOfUse = ({ options }: Server): boolean => options.some(({ words }) => words.includes("disabled"));

export const drainRules: readonly Rule[] = [
  {
    id: "drain-shorter-than-notice",
    severity: "error",
    title: "An instance is gone before the balancer notices that it leaves",
    reason:
      "For the rest of that time the balancer sends requests to an instance that no longer takes any: at every release users get 502 or 503.",
    arithmetic:
      "`DRAIN_DELAY_MS` ≥ HAProxy: inter + (fall − 1) · fastinter + fall · timeout check (2 s, 3, as inter, as inter unless written); ALB: interval · unhealthy threshold + timeout (30 s, 2, 5 s unless written)",
    fix: "Raise DRAIN_DELAY_MS, or let the balancer ask more often.",
    example: {
      kind: "haproxy",
      beside: { settings: "DRAIN_DELAY_MS=8000\n" },
      broken: backend("timeout check 2s\n  server app1 app1:4000 check inter 10s fall 3"),
      mended: backend("timeout check 1s\n  server app1 app1:4000 check inter 2s fastinter 500ms fall 2"),
    },
    find: ({ fronts }) =>
      fronts.flatMap(({ front, apps }) =>
        apps.flatMap(({ settings }) => {
          const delay = settings.number("DRAIN_DELAY_MS");
          if (delay === undefined) return [];
          return front.notices
            .filter(({ after }) => delay.value < after)
            .map(
              ({ words, after, numbers, severity }): Found => ({
                severity,
                numbers: [...numbers, delay],
                says: `${front.name} notices after ${shown(ms("", after, front.at))} (${words}); the application serves for ${shown(delay)} only.`,
                fix: `Set DRAIN_DELAY_MS=${Math.ceil(after / 1000) * 1000} or more, or let ${front.name} ask more often.`,
              }),
            );
        }),
      ),
  },
  {
    id: "drain-shorter-than-endpoints",
    severity: "error",
    title: "A pod is gone before the cluster has stopped sending to it",
    reason:
      "Proxies and nodes learn of a pod that leaves some seconds late, and until then they send it requests: at every release users get 502 or a connection that is refused.",
    arithmetic:
      "preStop + `DRAIN_DELAY_MS` ≥ 10 s, for endpoints take 5 to 15 s to get around; below 5 s it is an error, below 10 s a warning",
    fix: "Set DRAIN_DELAY_MS=15000 (and keep terminationGracePeriodSeconds in step).",
    example: {
      kind: "kubernetes",
      broken: pod("env: [{ name: DRAIN_DELAY_MS, value: '0' }]"),
      mended: pod("env: [{ name: DRAIN_DELAY_MS, value: '15000' }]"),
    },
    find: ({ apps }) =>
      apps
        .filter(({ platform }) => platform === "kubernetes")
        .flatMap(({ name, settings, preStop }): Found[] => {
          const delay = settings.number("DRAIN_DELAY_MS");
          if (delay === undefined) return [];
          if (preStop === "unknown") return [];
          const sum = delay.value + (preStop?.value ?? 0);
          if (sum >= propagation.usual) return [];
          return [
            {
              severity: sum < propagation.least ? "error" : "warning",
              numbers: preStop === undefined ? [delay] : [preStop, delay],
              says: `${name}: preStop ${shown(preStop ?? ms("", 0, delay.at))} + DRAIN_DELAY_MS ${shown(delay)} = ${shown(ms("", sum, delay.at))}, and endpoints take 5 to 15 s.`,
            },
          ];
        }),
  },
  {
    id: "drain-check-blind",
    severity: "error",
    title: "The health check cannot see that an instance leaves",
    reason:
      "A connection is accepted, and the liveness probe answers 200, until the very end: requests are sent there until they are refused, and an instance without its database stays in rotation.",
    arithmetic: "The check of a balancer, and a readiness probe, ask a path that says 503 while draining: `/ready`",
    fix: "Let the check ask /ready.",
    example: {
      kind: "haproxy",
      broken: "backend api\n  mode http\n  option httpchk GET /alive\n  server app1 app1:4000 check\n",
      mended: "backend api\n  mode http\n  option httpchk GET /ready\n  server app1 app1:4000 check\n",
    },
    find: ({ fronts, apps }) => {
      const asked = [
        ...fronts.flatMap(({ front, apps: behind }) => front.checks.map((prober) => ({ prober, apps: behind }))),
        // Compose sends nobody anywhere by what its health checks say.
        ...apps
          .filter(({ platform }) => platform !== "compose")
          .flatMap((app) =>
            app.probers.filter(({ purpose }) => purpose === "ready").map((prober) => ({ prober, apps: [app] })),
          ),
      ];
      return asked.flatMap(({ prober, apps: behind }): Found[] => {
        const { path, opaque, at, name } = prober;
        if (opaque) return [];
        if (path === undefined) return [{ places: [at], says: `${name} opens a connection and asks nothing.` }];
        const root = path.text === "/";
        if (!root && !behind.some(({ settings }) => saysAlive(path.text, settings))) return [];
        const what = root ? "which is no probe of Haven's" : "which is 200 also while draining";
        return [
          { severity: root ? "warning" : "error", places: [path.at], says: `${name} asks ${path.text}, ${what}.` },
        ];
      });
    },
  },
  {
    id: "drain-not-checked",
    severity: "error",
    title: "HAProxy does not check a server",
    reason:
      "It goes on sending requests to an instance that drains, hangs or has lost its database: one request of as many as there are instances fails.",
    arithmetic: "Each `server` of several has `check` (or `track`), on its line or in `default-server`",
    fix: "Write `default-server check inter 2s fastinter 500ms fall 2 rise 2`, and `option httpchk` with /ready.",
    example: {
      kind: "haproxy",
      broken: backend("server app1 app1:4000\n  server app2 app2:4000"),
      mended: backend("server app1 app1:4000 check\n  server app2 app2:4000 check"),
    },
    find: ({ haproxy }) =>
      haproxy.flatMap(({ proxies }) =>
        proxies
          .filter(({ servers }) => servers.length > 1)
          .flatMap(({ section, servers }) =>
            servers
              .filter((server) => !isChecked(server) && !isOutOfUse(server))
              .map(
                ({ name, at }): Found => ({
                  places: [at],
                  says: `The server ${name} of ${section.kind} ${section.name} has no check.`,
                }),
              ),
          ),
      ),
  },
  {
    id: "drain-cut-sessions",
    severity: "error",
    title: "HAProxy cuts the requests of an instance that says it leaves",
    reason:
      "An instance that drains answers 503 to its checks, is marked down, and loses what it was just working on: measured, three of nine POSTs under way got 502 at each restart.",
    arithmetic: "No `on-marked-down shutdown-sessions` where an instance announces its drain by its health check",
    fix: "Leave it out: what is under way is left to end, and a frozen instance is given up by `timeout server`.",
    example: {
      kind: "haproxy",
      broken: backend("server app1 app1:4000 check on-marked-down shutdown-sessions"),
      mended: backend("server app1 app1:4000 check"),
    },
    find: ({ haproxy }) =>
      haproxy.flatMap(({ proxies }) =>
        proxies.flatMap(({ servers }) =>
          servers.flatMap((server): Found[] => {
            const found = serverOption(server, "on-marked-down");
            if (found?.text !== "shutdown-sessions") return [];
            return [{ places: [found.at], says: `The server ${server.name} has on-marked-down shutdown-sessions.` }];
          }),
        ),
      ),
  },
  {
    id: "drain-no-second-try",
    severity: "error",
    title: "nginx gives up when an instance refuses a connection",
    reason:
      "nginx has no probes: it learns that an instance has closed its listener from a request that is refused. Unless it tries that one elsewhere, users get 502 at every restart.",
    arithmetic:
      "`proxy_next_upstream` has `error` (it has, unless something else is written), and `proxy_next_upstream_tries` is not 1, wherever there is more than one server",
    fix: "Write `proxy_next_upstream error timeout;` and `proxy_next_upstream_tries 2;`.",
    example: {
      kind: "nginx",
      broken: location("proxy_next_upstream off;"),
      mended: location("proxy_next_upstream error timeout;"),
    },
    find: ({ nginx }) =>
      nginx.flatMap(({ routes, root }) =>
        routes.flatMap(({ block, upstream, probes }): Found[] => {
          if (probes || (upstream?.servers.length ?? 0) < 2) return [];
          const [when] = nearest(block, root, "proxy_next_upstream") ?? [];
          const [tries] = nearest(block, root, "proxy_next_upstream_tries") ?? [];
          const found = when !== undefined && !when.args.includes("error") ? when : tries;
          if (found === undefined || (found === tries && tries.args[0] !== "1")) return [];
          return [
            {
              places: [found.at],
              says: `${found.name} ${found.args.join(" ")}: a refused connection is not tried elsewhere.`,
            },
          ];
        }),
      ),
  },
  {
    id: "drain-no-redispatch",
    severity: "warning",
    title: "HAProxy tries a refused request at the same instance again",
    reason:
      "Between the closing of the listener and the next check every try goes to the instance that has gone: with a cookie, users get 503 at every restart.",
    arithmetic:
      "`option redispatch` wherever `cookie` or `balance source` binds users to an instance, and there is more than one",
    fix: "Write `option redispatch 1`.",
    example: {
      kind: "haproxy",
      broken: backend(
        "cookie SRV insert indirect nocache\n  server app1 app1:4000 check cookie a\n  server app2 app2:4000 check cookie b",
      ),
      mended: backend(
        "cookie SRV insert indirect nocache\n  option redispatch\n  server app1 app1:4000 check cookie a\n  server app2 app2:4000 check cookie b",
      ),
    },
    find: ({ haproxy }) =>
      haproxy.flatMap(({ proxies }) =>
        proxies.flatMap(({ section, servers }): Found[] => {
          const balance = lineOf(section, "balance");
          const binding = lineOf(section, "cookie") ?? (balance?.words[1] === "source" ? balance : undefined);
          if (binding === undefined || servers.length < 2 || optionOf(section, "redispatch") !== undefined) return [];
          const by = binding === balance ? "their address" : "a cookie";
          return [
            {
              places: [binding.at],
              says: `${section.kind} ${section.name} binds users by ${by}, without option redispatch.`,
            },
          ];
        }),
      ),
  },
];
