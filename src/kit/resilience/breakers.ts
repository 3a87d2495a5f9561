import { type Breaker, type BreakerOptions, type BreakerView, createBreaker } from "./breaker.ts";

export type BreakersDeps = Pick<BreakerOptions, "clock" | "retryMs" | "onChange" | "closeOn">;

/** Makes breakers and knows every one that it made: nothing has to be registered to be seen. */
export function createBreakers({ onChange, ...shared }: BreakersDeps) {
  const made: Breaker[] = [];
  const onClosed = new Map<string, (() => void)[]>();
  return {
    create(options: Pick<BreakerOptions, "name" | "isFailure" | "maxConsecutiveFailures">): Breaker {
      const breaker = createBreaker({
        ...shared,
        ...options,
        onChange(view, from) {
          onChange?.(view, from);
          if (view.state === "closed") for (const listener of onClosed.get(view.name) ?? []) listener();
        },
      });
      made.push(breaker);
      return breaker;
    },
    /** Calls back whenever the breaker of that name closes. */
    onClosed(name: string, listener: () => void): void {
      onClosed.set(name, [...(onClosed.get(name) ?? []), listener]);
    },
    all: (): readonly Breaker[] => made,
    views: (): BreakerView[] => made.map((breaker) => breaker.view()),
    stop(): void {
      for (const breaker of made) breaker.stop();
    },
  };
}

export type Breakers = ReturnType<typeof createBreakers>;
