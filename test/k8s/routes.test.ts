import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { z } from "zod";
import { service as serviceName } from "../../src/core/identity.ts";
import { without } from "../shared/programs.ts";
import { ask } from "../shared/requests/http.ts";
import { startHaven } from "../support/haven.ts";
import { autoscaler } from "../support/kubernetes/autoscaler.ts";
import { allRendered, type ClusterObject, overlays, render } from "../support/kubernetes/kustomize.ts";
import { configOf, find } from "../support/kubernetes/pods.ts";
import { labelMap, selectorMatches, service } from "../support/kubernetes/selectors.ts";
import { probeKindOf } from "../support/probe-kinds.ts";

suite("entry points", { skip: without("kubectl") }, () => {
  test("every entry point leads to the service, and none to the management port", () => {
    for (const name of overlays) {
      const objects = render(name);
      const { spec } = service.parse(find(objects, "Service", "haven-api-service"));
      const [http, management] = spec.ports;
      assert.deepEqual([http?.name, management?.name, spec.ports.length], ["http", "management", 2]);
      for (const route of objects.filter(({ kind }) => kind === "HTTPRoute"))
        for (const { name: to, port } of httpRoute.parse(route).spec.rules.flatMap((rule) => rule.backendRefs))
          assert.deepEqual({ to, port }, { to: "haven-api-service", port: http?.port });
      for (const object of objects.filter(({ kind }) => kind === "Ingress"))
        for (const path of ingress.parse(object).spec.rules.flatMap((rule) => rule.http.paths))
          assert.deepEqual(path, {
            path: "/",
            pathType: "Prefix",
            backend: { service: { name: "haven-api-service", port: { name: "http" } } },
          });
    }
  });

  test("the timeout of a route is longer than that of the server, and the route of the stream has no timeout", () => {
    const objects = render("overlays/production");
    const { requestTimeoutMs } = configOf(objects).http;
    const { rules } = httpRoute.parse(find(objects, "HTTPRoute", "haven-api")).spec;
    const [stream, apiRule] = rules;
    assert.deepEqual(stream?.timeouts, { request: "0s" });
    const { request, backendRequest } = apiRule?.timeouts ?? {};
    assert.ok(requestTimeoutMs < msIn(backendRequest) && msIn(backendRequest) < msIn(request));
  });

  test("the annotations for the ingress controller match the settings", () => {
    const objects = render("overlays/ingress");
    const annotation = annotations(objects, "nginx.ingress.kubernetes.io/");
    assert.ok(Number(annotation("proxy-read-timeout")) * 1000 > configOf(objects).http.requestTimeoutMs);
    assert.equal(annotation("proxy-body-size"), "5m");
    assert.doesNotMatch(annotation("proxy-next-upstream"), /http_|non_idempotent/);
    assert.equal(annotation("rewrite-target"), "");
  });

  test("the annotations for the AWS load balancer match the settings", () => {
    const objects = render("overlays/aws");
    const { http, health, drain } = configOf(objects);
    const annotation = annotations(objects, "alb.ingress.kubernetes.io/");
    const [intervalS, timeoutS, unhealthy] = [
      Number(annotation("healthcheck-interval-seconds")),
      Number(annotation("healthcheck-timeout-seconds")),
      Number(annotation("unhealthy-threshold-count")),
    ];
    assert.equal(probeKindOf(annotation("healthcheck-path"), health.paths), "ready");
    assert.equal(annotation("target-type"), "ip");
    assert.equal(annotation("success-codes"), "200");
    assert.ok(health.timeoutMs < timeoutS * 1000 && timeoutS < intervalS);
    assert.ok(drain.delayMs >= (intervalS * unhealthy + timeoutS) * 1000);
    const attribute = (list: string, name: string) =>
      new Map(
        annotation(list)
          .split(",")
          .map((pair) => pair.split("=") as [string, string]),
      ).get(name);
    assert.ok(
      Number(attribute("target-group-attributes", "deregistration_delay.timeout_seconds")) * 1000 >=
        http.requestTimeoutMs,
    );
    assert.equal(attribute("target-group-attributes", "stickiness.enabled"), "false");
    assert.ok(
      Number(attribute("load-balancer-attributes", "idle_timeout.timeout_seconds")) * 1000 < http.keepAliveTimeoutMs,
    );
    assert.equal(
      Reflect.get(
        Object(find(objects, "Namespace", "haven").metadata["labels"]),
        "elbv2.k8s.aws/pod-readiness-gate-inject",
      ),
      "enabled",
    );
  });

  test("the server provides the metrics that Prometheus and the autoscaler read, on the port that they use", async () => {
    const objects = render("overlays/production");
    const { spec } = z
      .looseObject({
        spec: z.looseObject({
          jobLabel: z.string(),
          selector: z.looseObject({ matchLabels: labelMap }),
          endpoints: z.tuple([
            z.looseObject({ port: z.string(), path: z.string(), interval: z.string(), scrapeTimeout: z.string() }),
          ]),
        }),
      })
      .parse(find(objects, "ServiceMonitor", "haven-api"));
    const [{ port, path, interval, scrapeTimeout }] = spec.endpoints;
    const selectedServices = objects.filter(
      ({ kind, metadata }) =>
        kind === "Service" && selectorMatches(spec.selector.matchLabels, labelMap.parse(metadata["labels"])),
    );
    // The rules of monitoring/ select the instances by job="haven-api", which is the name of the server.
    assert.deepEqual(
      selectedServices.map(({ metadata }) => [metadata.name, labelMap.parse(metadata["labels"])[spec.jobLabel]]),
      [["haven-api-service", serviceName]],
    );
    assert.ok(
      service
        .parse(selectedServices[0])
        .spec.ports.some(({ name, targetPort }) => name === port && targetPort === "management"),
    );
    assert.ok(msIn(scrapeTimeout) < msIn(interval) && 4 * msIn(interval) <= 60_000);

    const haven = await startHaven({ env: { MANAGEMENT_PORT: "0" } });
    const metrics = await ask(`http://127.0.0.1:${haven.running.managementPort}${path}`);
    assert.equal(metrics.status, 200);
    assert.equal((await ask(`${haven.url}${path}`)).status, 404);
    // Without an adapter for custom metrics, an autoscaler with such a metric never removes a pod.
    for (const name of allRendered) assert.deepEqual(autoscaler(render(name)).podMetrics, [], name);
    const page = readFileSync(new URL("../../docs/kubernetes.md", import.meta.url), "utf8");
    const [, documented = ""] = /metric: \{ name: (\w+) \}/.exec(page) ?? [];
    assert.match(metrics.text, new RegExp(`^# TYPE ${documented} gauge$`, "m"));
  });
});

const httpRoute = z.looseObject({
  spec: z.looseObject({
    rules: z.array(
      z.looseObject({
        backendRefs: z.array(z.looseObject({ name: z.string(), port: z.number() })).default([]),
        timeouts: z.looseObject({ request: z.string(), backendRequest: z.string().optional() }).optional(),
      }),
    ),
  }),
});
const ingress = z.looseObject({
  spec: z.looseObject({ rules: z.array(z.looseObject({ http: z.looseObject({ paths: z.array(z.unknown()) }) })) }),
});

const msIn = (duration = ""): number => Number(/^(\d+)s$/.exec(duration)?.[1]) * 1000;

function annotations(objects: readonly ClusterObject[], prefix: string): (name: string) => string {
  const values = labelMap.parse(find(objects, "Ingress", "haven-api").metadata["annotations"]);
  return (name) => values[prefix + name] ?? "";
}
