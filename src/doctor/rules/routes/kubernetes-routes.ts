import { inNamespaceOf, objectsOfKind, podLabelsOf, selects } from "../../readers/kubernetes/cluster-objects.ts";
import { backendOf } from "../../readers/kubernetes/google-load-balancer.ts";
import { annotation } from "../../readers/kubernetes/ingress.ts";
import { entries, get, text } from "../../readers/yaml-tree.ts";
import type { Rule, Violation } from "../../rule.ts";
import { ingress, object, pod, ready } from "../example-files.ts";
import { eachCluster, eachWorkload } from "../for-each.ts";

export const kubernetesRouteRules: readonly Rule[] = [
  {
    id: "trap-kubernetes-public-service",
    severity: "warning",
    title: "The pods are open to the world, past everything in front",
    impact:
      "A Service of the type LoadBalancer gets an address of its own: no TLS, no limits, and metrics for everybody.",
    condition: "The Service of the application is a ClusterIP; the way in is a Gateway or an Ingress",
    fix: "Write type: ClusterIP, and add an HTTPRoute or an Ingress.",
    example: {
      kind: "kubernetes",
      broken: `${pod(ready)}---\n${object("Service", "v1", "", "{ type: LoadBalancer, selector: { app: api }, ports: [{ port: 80 }] }")}`,
      fixed: `${pod(ready)}---\n${object("Service", "v1", "", "{ type: ClusterIP, selector: { app: api }, ports: [{ port: 80 }] }")}`,
    },
    find: eachWorkload((workload, { manifests }) =>
      inNamespaceOf(objectsOfKind(manifests.objects, "Service"), workload.object).flatMap((service): Violation[] => {
        const type = get(service, "spec", "type");
        const inner = entries(service, "metadata", "annotations").some(([name, value]) =>
          /internal/.test(`${name} ${text(value) ?? ""}`),
        );
        if (type === undefined || text(type) !== "LoadBalancer" || inner) return [];
        if (!selects(get(service, "spec", "selector"), podLabelsOf(workload.object))) return [];
        return [
          {
            places: [type.at],
            message: `The Service ${text(service, "metadata", "name") ?? ""} gives ${workload.name} a public address.`,
          },
        ];
      }),
    ),
  },
  {
    id: "trap-ingress-rewrite",
    severity: "error",
    title: "The ingress rewrites every path to one",
    impact: "/api/v1/users arrives as /: users get the landing page, or 404, for everything.",
    condition: "`rewrite-target` has a group ($1, $2) or is not there",
    fix: "Remove rewrite-target.",
    example: {
      kind: "kubernetes",
      broken: ingress("nginx.ingress.kubernetes.io/rewrite-target: /"),
      fixed: ingress("nginx.ingress.kubernetes.io/proxy-body-size: 5m"),
    },
    find: eachCluster(({ manifests }) =>
      objectsOfKind(manifests.objects, "Ingress").flatMap((one): Violation[] => {
        const found = annotation(one, "nginx.ingress.kubernetes.io/rewrite-target");
        if (found === undefined || /\$\d/.test(text(found) ?? "")) return [];
        return [{ places: [found.at], message: `rewrite-target is ${text(found) ?? "empty"}.` }];
      }),
    ),
  },
  {
    id: "trap-google-cookie",
    severity: "error",
    title: "A cookie's age, where no cookie is",
    impact: "Google Cloud refuses the pair: the backend keeps its old settings, or gets none.",
    condition:
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
      fixed: object(
        "BackendConfig",
        "cloud.google.com/v1",
        "",
        "{ connectionDraining: { drainingTimeoutSec: 60 }, sessionAffinity: { affinityType: GENERATED_COOKIE, affinityCookieTtlSec: 3600 } }",
      ),
    },
    find: eachCluster(({ manifests }) =>
      manifests.objects.flatMap((one): Violation[] => {
        const affinity = get(backendOf(one), "sessionAffinity");
        const age = get(affinity, "affinityCookieTtlSec") ?? get(affinity, "cookieTtlSec");
        const type = get(affinity, "affinityType") ?? get(affinity, "type");
        if (age === undefined || text(type) === "GENERATED_COOKIE") return [];
        return [
          {
            places: [age.at, ...(type === undefined ? [] : [type.at])],
            message: `A cookie's age with ${text(type) ?? "no type of affinity"}.`,
          },
        ];
      }),
    ),
  },
];
