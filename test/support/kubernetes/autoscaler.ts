import { z } from "zod";
import type { ClusterObject } from "./kustomize.ts";
import { find } from "./pods.ts";

/** Returns the limits and the metrics of the autoscaler. */
export function autoscaler(objects: readonly ClusterObject[]) {
  const { spec } = z
    .looseObject({
      spec: z.looseObject({
        scaleTargetRef: z.looseObject({}),
        minReplicas: z.number(),
        maxReplicas: z.number(),
        metrics: z.array(
          z.looseObject({
            pods: z.looseObject({ metric: z.looseObject({ name: z.string() }) }).optional(),
          }),
        ),
        behavior: z.looseObject({
          scaleDown: z.looseObject({
            policies: z.array(z.looseObject({ type: z.string(), value: z.number(), periodSeconds: z.number() })),
          }),
        }),
      }),
    })
    .parse(find(objects, "HorizontalPodAutoscaler", "haven-api-hpa"));
  const podMetrics = spec.metrics.flatMap(({ pods }) => (pods === undefined ? [] : [pods.metric.name]));
  return {
    minReplicas: spec.minReplicas,
    maxReplicas: spec.maxReplicas,
    target: spec.scaleTargetRef,
    podMetrics,
    scaleDown: spec.behavior.scaleDown,
  };
}
