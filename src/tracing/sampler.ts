import type { TraceSampler } from "../config/sections/trace-samplers.ts";

/** Returns whether a trace is exported. `parentSampled` is undefined without a trusted caller. */
export type Sampler = (traceId: string, parentSampled: boolean | undefined) => boolean;

/** Creates a sampler of `OTEL_TRACES_SAMPLER`. With a ratio, every instance selects the same traces. */
export function createSampler({ name, ratio }: TraceSampler): Sampler {
  const [, parentBased, root = name] = /^(parentbased)_(.+)$/.exec(name) ?? [];
  const decide = (traceId: string): boolean => {
    if (root === "always_on") return true;
    if (root === "always_off") return false;
    return Number.parseInt(traceId.slice(-8), 16) < ratio * 2 ** 32;
  };
  return (traceId, parentSampled) =>
    parentBased !== undefined && parentSampled !== undefined ? parentSampled : decide(traceId);
}
