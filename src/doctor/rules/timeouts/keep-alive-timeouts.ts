import { type ConfigNumber, formatNumber } from "../../facts/config-values.ts";
import { holdsIn, versionsSince } from "../../facts/versions.ts";
import type { Rule, Violation } from "../../rule.ts";
import { alb } from "../example-files.ts";

function keepAliveViolation(idle: ConfigNumber, keepAlive: ConfigNumber, name: string): Violation {
  const recommended = idle.value >= 600_000 ? idle.value + 20_000 : idle.value + 15_000;
  return {
    numbers: [idle, keepAlive],
    message: `${name} keeps an idle connection for ${formatNumber(idle)}; the application keeps it for ${formatNumber(keepAlive)} and must keep it for longer.`,
    fix: `Set KEEP_ALIVE_TIMEOUT_MS=${recommended}, or lower the idle timeout of ${name}.`,
  };
}

export const keepAliveTimeoutRules: readonly Rule[] = [
  {
    id: "keep-alive-shorter-than-front",
    severity: "error",
    title: "The application closes idle connections before the load balancer does",
    impact:
      "A request is lost if the application closes the connection at the moment when the load balancer sends it: users get occasional 502 responses, also for POST, mostly at low traffic.",
    condition:
      "`KEEP_ALIVE_TIMEOUT_MS` > idle timeout of the load balancer: nginx `keepalive_timeout` of the upstream (default 60 s; before 1.29.7 only with `keepalive`), HAProxy `pool-purge-delay` (5 s), ALB `idle_timeout` (60 s), ingress-nginx `upstream-keepalive-timeout` (60 s), Google Cloud (600 s, fixed)",
    fix: "Raise KEEP_ALIVE_TIMEOUT_MS some seconds above the idle timeout, or lower the idle timeout.",
    example: {
      kind: "nginx",
      alongside: { settings: "KEEP_ALIVE_TIMEOUT_MS=75000\n" },
      broken: "upstream api {\n  zone api 64k;\n  server app1:4000;\n  keepalive 32;\n  keepalive_timeout 120s;\n}\n",
      fixed: "upstream api {\n  zone api 64k;\n  server app1:4000;\n  keepalive 32;\n  keepalive_timeout 60s;\n}\n",
    },
    find: ({ loadBalancers, versions }) =>
      loadBalancers.flatMap(({ loadBalancer, apps }) =>
        apps.flatMap(({ settings }) => {
          const keepAlive = settings.number("KEEP_ALIVE_TIMEOUT_MS");
          if (keepAlive === undefined) return [];
          const compare = (idle: ConfigNumber): Violation[] =>
            keepAlive.value > idle.value ? [] : [keepAliveViolation(idle, keepAlive, loadBalancer.name)];
          const newer = (loadBalancer.idleTimeoutsSince ?? []).flatMap(({ idle, fact }) => {
            const holds = holdsIn(fact, loadBalancer.version ?? versions.nginx);
            if (holds === "no") return [];
            if (holds === "yes") return compare(idle);
            return compare(idle).map((one) => ({
              ...one,
              severity: "warning" as const,
              affectedVersions: versionsSince(fact),
            }));
          });
          return [...loadBalancer.idleTimeouts.flatMap(compare), ...newer];
        }),
      ),
  },
  {
    id: "keep-alive-proxy-shorter-than-balancer",
    severity: "warning",
    title: "The proxy closes idle connections before the balancer in front of it does",
    impact:
      "If the balancer forwards to this proxy, some of its requests arrive on a connection that is being closed: users get occasional 502 responses.",
    condition:
      "nginx `keepalive_timeout` of the server (default 75 s), HAProxy `timeout http-keep-alive` and `timeout client` > idle timeout of an ALB or a Google load balancer that is checked in the same run of the doctor",
    fix: "Raise the proxy's client keep-alive above the idle timeout of the balancer.",
    example: {
      kind: "haproxy",
      alongside: { alb: alb("{ Key: idle_timeout.timeout_seconds, Value: 60 }") },
      broken:
        "defaults\n  mode http\n  timeout http-keep-alive 15s\nfrontend web\n  bind :80\n  default_backend api\nbackend api\n  server app1 app1:4000 check\n",
      fixed:
        "defaults\n  mode http\n  timeout http-keep-alive 75s\nfrontend web\n  bind :80\n  default_backend api\nbackend api\n  server app1 app1:4000 check\n",
    },
    find: ({ loadBalancers }) => {
      const balancers = loadBalancers
        .filter(({ loadBalancer }) => loadBalancer.kind === "alb" || loadBalancer.kind === "gcp")
        .flatMap(({ loadBalancer }) => loadBalancer.idleTimeouts);
      const proxies = loadBalancers.filter(
        ({ loadBalancer }) => loadBalancer.kind === "nginx" || loadBalancer.kind === "haproxy",
      );
      return proxies.flatMap(({ loadBalancer }) =>
        loadBalancer.clientIdleTimeouts.flatMap((keepAlive) =>
          balancers
            .filter((idle) => keepAlive.value <= idle.value)
            .map(
              (idle): Violation => ({
                numbers: [keepAlive, idle],
                message: `${loadBalancer.name} keeps an idle client connection for ${formatNumber(keepAlive)}, which must be longer than the balancer's ${formatNumber(idle)}.`,
              }),
            ),
        ),
      );
    },
  },
];
