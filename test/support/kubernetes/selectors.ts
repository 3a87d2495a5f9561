import { z } from "zod";

// Label selectors of Kubernetes objects.

export const labelMap = z.record(z.string(), z.string());

export const selectorSchema = z.looseObject({
  spec: z.looseObject({ selector: z.looseObject({ matchLabels: labelMap }).optional() }),
});

export const service = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    selector: labelMap,
    ports: z.array(z.looseObject({ name: z.string(), port: z.number(), targetPort: z.string() })),
  }),
});

/** Returns whether a selector matches these labels. An empty selector matches all labels. */
export const selectorMatches = (
  selector: Readonly<Record<string, string>> = {},
  labels: Readonly<Record<string, string>>,
): boolean => Object.entries(selector).every(([key, value]) => labels[key] === value);
