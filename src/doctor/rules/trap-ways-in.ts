import { backendOf } from "../readers/google.ts";
import { annotation, controllerOf } from "../readers/ingress.ts";
import { named, near, podLabelsOf, selects } from "../readers/objects.ts";
import { entries, get, text } from "../readers/yaml.ts";
import type { Found, Rule } from "../rule.ts";
import { eachCluster, eachWorkload } from "./each.ts";
import { ingress, object, pod, ready } from "./samples.ts";

export const wayInTraps: readonly Rule[] = [
  {
    id: "trap-kubernetes-public-service",
    severity: "warning",
    title: "The pods are open to the world, past everything in front",
    reason:
      "A Service of the type LoadBalancer gets an address of its own: no TLS, no limits, and metrics for everybody.",
    arithmetic: "The Service of the application is a ClusterIP; the way in is a Gateway or an Ingress",
    fix: "Write type: ClusterIP, and add an HTTPRoute or an Ingress.",
    example: {
      kind: "kubernetes",
      broken: `${pod(ready)}---\n${object("Service", "v1", "", "{ type: LoadBalancer, selector: { app: api }, ports: [{ port: 80 }] }")}`,
      mended: `${pod(ready)}---\n${object("Service", "v1", "", "{ type: ClusterIP, selector: { app: api }, ports: [{ port: 80 }] }")}`,
    },
    find: eachWorkload((workload, { bundle }) =>
      near(named(bundle.objects, "Service"), workload.object).flatMap((service): Found[] => {
        const type = get(service, "spec", "type");
        const inner = entries(service, "metadata", "annotations").some(([name, value]) =>
          /internal/.test(`${name} ${text(value) ?? ""}`),
        );
        if (type === undefined || text(type) !== "LoadBalancer" || inner) return [];
        if (!selects(get(service, "spec", "selector"), podLabelsOf(workload.object))) return [];
        return [
          {
            places: [type.at],
            says: `The Service ${text(service, "metadata", "name") ?? ""} gives ${workload.name} a public address.`,
          },
        ];
      }),
    ),
  },
  {
    id: "trap-ingress-rewrite",
    severity: "error",
    title: "The ingress rewrites every path to one",
    reason: "/api/v1/users arrives as /: users get the landing page, or 404, for everything.",
    arithmetic: "`rewrite-target` has a group ($1, $2) or is not there",
    fix: "Remove rewrite-target.",
    example: {
      kind: "kubernetes",
      broken: ingress("nginx.ingress.kubernetes.io/rewrite-target: /"),
      mended: ingress("nginx.ingress.kubernetes.io/proxy-body-size: 5m"),
    },
    find: eachCluster(({ bundle }) =>
      named(bundle.objects, "Ingress").flatMap((one): Found[] => {
        const found = annotation(one, "nginx.ingress.kubernetes.io/rewrite-target");
        if (found === undefined || /\$\d/.test(text(found) ?? "")) return [];
        return [{ places: [found.at], says: `rewrite-target is ${text(found) ?? "empty"}.` }];
      }),
    ),
  },
  {
    id: "trap-alb-ingress-target",
    severity: "error",
    title: "The ALB's health checks are about nodes and not about pods",
    reason: "A pod that drains or is ill stays in rotation behind its node's address: at every release users get 502.",
    arithmetic: "`alb.ingress.kubernetes.io/target-type: ip` (it is `instance` unless written)",
    fix: "Write alb.ingress.kubernetes.io/target-type: ip.",
    example: {
      kind: "kubernetes",
      broken: ingress("alb.ingress.kubernetes.io/scheme: internal").replace("nginx", "alb"),
      mended: ingress("alb.ingress.kubernetes.io/target-type: ip").replace("nginx", "alb"),
    },
    find: eachCluster(({ bundle }) =>
      named(bundle.objects, "Ingress").flatMap((one): Found[] => {
        const found = annotation(one, "alb.ingress.kubernetes.io/target-type");
        if (controllerOf(one) !== "alb" || text(found) === "ip") return [];
        return [
          {
            places: [found?.at ?? get(one, "metadata", "name")?.at ?? one.at],
            says: `The target type is ${text(found) ?? "left out, which means instance"}.`,
          },
        ];
      }),
    ),
  },
  {
    id: "trap-alb-readiness-gate",
    severity: "warning",
    title: "A release may outrun the load balancer",
    reason:
      "Pods count as ready before the ALB knows them: the old ones are gone while the new ones get no requests yet, and users get 503.",
    arithmetic:
      "With target-type ip the namespace has the label `elbv2.k8s.aws/pod-readiness-gate-inject: enabled`, in the files that were read",
    fix: "Add the label to the namespace.",
    example: {
      kind: "kubernetes",
      broken: ingress("alb.ingress.kubernetes.io/target-type: ip").replace("nginx", "alb"),
      mended: `${ingress("alb.ingress.kubernetes.io/target-type: ip").replace("nginx", "alb")}---\napiVersion: v1\nkind: Namespace\nmetadata: { name: api, labels: { elbv2.k8s.aws/pod-readiness-gate-inject: enabled } }\n`,
    },
    find: eachCluster(({ bundle }) => {
      const gated = named(bundle.objects, "Namespace").some(
        (one) => text(one, "metadata", "labels", "elbv2.k8s.aws/pod-readiness-gate-inject") === "enabled",
      );
      if (gated) return [];
      return named(bundle.objects, "Ingress").flatMap((one): Found[] => {
        const found = annotation(one, "alb.ingress.kubernetes.io/target-type");
        if (found === undefined || text(found) !== "ip" || controllerOf(one) !== "alb") return [];
        return [{ places: [found.at], says: "No namespace in the files has pods wait for the load balancer." }];
      });
    }),
  },
  {
    id: "trap-google-cookie",
    severity: "error",
    title: "A cookie's age, where no cookie is",
    reason: "Google Cloud refuses the pair: the backend keeps its old settings, or gets none.",
    arithmetic:
      "`affinityCookieTtlSec` of a BackendConfig, and `cookieTtlSec` of a GCPBackendPolicy, go with GENERATED_COOKIE only",
    fix: "Write affinityType: GENERATED_COOKIE, or remove the age.",
    example: {
      kind: "kubernetes",
      broken: object(
        "BackendConfig",
        "cloud.google.com/v1",
        "",
        "{ connectionDraining: { drainingTimeoutSec: 60 }, sessionAffinity: { affinityType: CLIENT_IP, affinityCookieTtlSec: 3600 } }",
      ),
      mended: object(
        "BackendConfig",
        "cloud.google.com/v1",
        "",
        "{ connectionDraining: { drainingTimeoutSec: 60 }, sessionAffinity: { affinityType: GENERATED_COOKIE, affinityCookieTtlSec: 3600 } }",
      ),
    },
    find: eachCluster(({ bundle }) =>
      bundle.objects.flatMap((one): Found[] => {
        const affinity = get(backendOf(one), "sessionAffinity");
        const age = get(affinity, "affinityCookieTtlSec") ?? get(affinity, "cookieTtlSec");
        const type = get(affinity, "affinityType") ?? get(affinity, "type");
        if (age === undefined || text(type) === "GENERATED_COOKIE") return [];
        return [
          {
            places: [age.at, ...(type === undefined ? [] : [type.at])],
            says: `A cookie's age with ${text(type) ?? "no type of affinity"}.`,
          },
        ];
      }),
    ),
  },
];
