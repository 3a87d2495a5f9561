import type { HealthReport } from "../health/health-report.ts";
import type { ShapeName, Tone } from "./shapes.ts";

/** A state as a word, a colour and a shape. Each of them is enough to recognize the state. */
export type Badge = { label: string; tone: Tone; shape: ShapeName };

const byStatus: Readonly<Record<HealthReport["status"], Badge>> = {
  healthy: { label: "Healthy", tone: "good", shape: "tick" },
  degraded: { label: "Degraded", tone: "warn", shape: "triangle" },
  unhealthy: { label: "Unhealthy", tone: "bad", shape: "octagon" },
};

const byPhase: Readonly<Record<Exclude<HealthReport["phase"], "ready">, Badge>> = {
  starting: { label: "Starting", tone: "calm", shape: "hourglass" },
  draining: { label: "Draining", tone: "calm", shape: "arrow" },
  stopped: { label: "Stopped", tone: "calm", shape: "square" },
};

export const badgeOfStatus = (status: HealthReport["status"]): Badge => byStatus[status];

/**
 * Returns the badge of the instance. A starting or draining instance is out of rotation as planned, so its badge is
 * calm. The badge of a starting instance is a warning if a failing check blocks the start.
 */
export function badgeOf({ status, phase, checks }: HealthReport): Badge {
  if (phase === "ready") return byStatus[status];
  const isStartBlocked =
    phase === "starting" &&
    Object.values(checks).some((check) => check.status === "down" || check.status === "impaired");
  return isStartBlocked ? { ...byPhase.starting, tone: "warn" } : byPhase[phase];
}

const appearances = new Map<string, { tone: Tone; shape: ShapeName }>(
  Object.entries({
    up: { tone: "good", shape: "tick" },
    ready: { tone: "good", shape: "tick" },
    closed: { tone: "good", shape: "tick" },
    healthy: { tone: "good", shape: "tick" },
    degraded: { tone: "warn", shape: "triangle" },
    impaired: { tone: "warn", shape: "triangle" },
    half_open: { tone: "warn", shape: "triangle" },
    down: { tone: "bad", shape: "octagon" },
    not_ready: { tone: "bad", shape: "octagon" },
    unhealthy: { tone: "bad", shape: "octagon" },
    open: { tone: "bad", shape: "octagon" },
    starting: { tone: "calm", shape: "hourglass" },
    draining: { tone: "calm", shape: "arrow" },
    stopped: { tone: "calm", shape: "square" },
  }),
);

/** Returns the colour and the shape of a state of a check, a breaker, a phase or a verdict. */
export const appearanceOf = (state: string): { tone: Tone; shape: ShapeName } =>
  appearances.get(state) ?? { tone: "calm", shape: "question" };
