import {
  inNamespaceOf,
  objectsOfKind,
  podLabelsOf,
  serviceSelectorMatches,
} from "../../readers/kubernetes/cluster-objects.ts";
import { backendOf } from "../../readers/kubernetes/google-load-balancer.ts";
import { annotation } from "../../readers/kubernetes/ingress.ts";
import { entries, get, list, text } from "../../readers/yaml-tree.ts";
import type { Rule, Violation } from "../../rule.ts";
import { ingress, object, pod, ready } from "../example-files.ts";
import { eachCluster, eachWorkload } from "../for-each.ts";

export const kubernetesRouteRules: readonly Rule[] = [
  {
    id: "trap-kubernetes-public-service",
    severity: "warning",
    title: "A public Service bypasses the ingress",
    impact:
      "A Service of type LoadBalancer has a public address of its own: without TLS, without limits, and with public metrics.",
    condition: "Where the files have an Ingress or a Gateway, the Service of the application has type ClusterIP",
    fix: "Set type: ClusterIP, and add an HTTPRoute or an Ingress.",
    example: {
      kind: "kubernetes",
      broken: `${pod(ready)}---\n${ingress("")}---\n${object("Service", "v1", "", "{ type: LoadBalancer, selector: { app: api }, ports: [{ port: 80 }] }")}`,
      fixed: `${pod(ready)}---\n${ingress("")}---\n${object("Service", "v1", "", "{ type: ClusterIP, selector: { app: api }, ports: [{ port: 80 }] }")}`,
    },
    find: eachWorkload((workload, { manifests }) => {
      if (!manifests.objects.some((one) => /^(?:Ingress|HTTPRoute|Gateway)$/.test(text(one, "kind") ?? ""))) return [];
      return inNamespaceOf(objectsOfKind(manifests.objects, "Service"), workload.object).flatMap(
        (service): Violation[] => {
          const type = get(service, "spec", "type");
          const isInternal = entries(service, "metadata", "annotations").some(([name, value]) =>
            /internal/.test(`${name} ${text(value) ?? ""}`),
          );
          if (type === undefined || text(type) !== "LoadBalancer" || isInternal) return [];
          if (!serviceSelectorMatches(get(service, "spec", "selector"), podLabelsOf(workload.object))) return [];
          return [
            {
              places: [type.at],
              message: `The Service ${text(service, "metadata", "name") ?? ""} gives ${workload.name} a public address.`,
            },
          ];
        },
      );
    }),
  },
  {
    id: "trap-ingress-rewrite",
    severity: "error",
    title: "The ingress rewrites every path to the same one",
    impact: "/api/v1/users arrives as /: every request gets the landing page or 404.",
    condition: "`rewrite-target` contains a group ($1, $2), is the path itself, or is not set",
    fix: "Remove rewrite-target.",
    example: {
      kind: "kubernetes",
      broken: ingress("nginx.ingress.kubernetes.io/rewrite-target: /"),
      fixed: ingress("nginx.ingress.kubernetes.io/proxy-body-size: 5m"),
    },
    find: eachCluster(({ manifests }) =>
      objectsOfKind(manifests.objects, "Ingress").flatMap((ingressObject): Violation[] => {
        const found = annotation(ingressObject, "nginx.ingress.kubernetes.io/rewrite-target");
        const target = text(found) ?? "";
        // A target that equals the path rewrites nothing.
        const paths = list(ingressObject, "spec", "rules").flatMap((rule) =>
          list(rule, "http", "paths").map((path) => text(path, "path") ?? "/"),
        );
        const isSame = paths.length > 0 && paths.every((path) => path === target);
        if (found === undefined || isSame || /\$\d/.test(target)) return [];
        return [{ places: [found.at], message: `rewrite-target is ${text(found) ?? "empty"}.` }];
      }),
    ),
  },
  {
    id: "trap-google-cookie",
    severity: "error",
    title: "A cookie lifetime without cookie affinity",
    impact: "Google Cloud rejects the combination: the backend keeps its old settings, or gets none.",
    condition:
      "`affinityCookieTtlSec` of a BackendConfig and `cookieTtlSec` of a GCPBackendPolicy require GENERATED_COOKIE",
    fix: "Set affinityType: GENERATED_COOKIE, or remove the lifetime.",
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
      manifests.objects.flatMap((manifest): Violation[] => {
        const affinity = get(backendOf(manifest), "sessionAffinity");
        const lifetime = get(affinity, "affinityCookieTtlSec") ?? get(affinity, "cookieTtlSec");
        const type = get(affinity, "affinityType") ?? get(affinity, "type");
        if (lifetime === undefined || text(type) === "GENERATED_COOKIE") return [];
        return [
          {
            places: [lifetime.at, ...(type === undefined ? [] : [type.at])],
            message: `A cookie lifetime with ${text(type) ?? "no affinity type"}.`,
          },
        ];
      }),
    ),
  },
];
