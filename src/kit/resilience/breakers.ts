import type { CapabilityStatus, Observation } from "../health/judge.ts";
import { type Breaker, type BreakerOptions, type BreakerView, createBreaker } from "./breaker.ts";

export type BreakersDeps = Pick<BreakerOptions, "clock" | "retryMs" | "onChange" | "closeOn"> & {
  /** Called when a call failed in a way that its dependency may have caused. */
  onSymptom?: (breaker: string) => void;
};

export type NewBreaker = Pick<
  BreakerOptions,
  "name" | "isFailure" | "isSymptom" | "onSymptom" | "codeWhileOpen" | "maxConsecutiveFailures"
>;

/** Creates breakers and lists them, so that none has to be registered to appear in reports and metrics. */
export function createBreakers({ onChange, onSymptom, ...shared }: BreakersDeps) {
  const created: Breaker[] = [];
  const onClosed = new Map<string, (() => void)[]>();
  return {
    create(options: NewBreaker): Breaker {
      const breaker = createBreaker({
        ...shared,
        ...options,
        onSymptom(error) {
          options.onSymptom?.(error);
          onSymptom?.(options.name);
        },
        onChange(view, from) {
          onChange?.(view, from);
          if (view.state === "closed") for (const listener of onClosed.get(view.name) ?? []) listener();
        },
      });
      created.push(breaker);
      return breaker;
    },
    /** Calls the listener each time the breaker of that name closes. */
    onClosed(name: string, listener: () => void): void {
      onClosed.set(name, [...(onClosed.get(name) ?? []), listener]);
    },
    /** Opens the breaker when its check is down, and closes it when the check is up. */
    followCheck(name: string, { ok }: Observation, status: CapabilityStatus): void {
      const breaker = created.find((one) => one.name === name);
      if (status === "down" && !ok) breaker?.open();
      if (status === "up" && ok) breaker?.close();
    },
    all: (): readonly Breaker[] => created,
    views: (): BreakerView[] => created.map((breaker) => breaker.view()),
    stop(): void {
      for (const breaker of created) breaker.stop();
    },
  };
}

export type Breakers = ReturnType<typeof createBreakers>;
