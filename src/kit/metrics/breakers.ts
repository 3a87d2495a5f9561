import type { MetricsSink } from "./metrics-sink.ts";

export type BreakerSource = () => readonly {
  name: string;
  view(): { state: "closed" | "half_open" | "open" };
  counts(): Readonly<Record<string, number>>;
}[];

const stateNumbers = { closed: 0, half_open: 1, open: 2 } as const;

export function addBreakerMetrics(metrics: Pick<MetricsSink, "add">, breakers: BreakerSource): void {
  metrics.add(
    {
      name: "circuit_breaker_state",
      help: "0 closed, 1 half open, 2 open.",
      type: "gauge",
      samples: () =>
        breakers().map((breaker) => ({ labels: { name: breaker.name }, value: stateNumbers[breaker.view().state] })),
    },
    {
      name: "circuit_breaker_events_total",
      help: "Events of the breaker: calls by outcome, rejected calls, changes of state.",
      type: "counter",
      samples: () =>
        breakers().flatMap(({ name, counts }) =>
          Object.entries(counts()).map(([event, value]) => ({ labels: { name, event }, value })),
        ),
    },
  );
}
