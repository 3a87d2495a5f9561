import { expose, type Family } from "../../core/metrics/exposition.ts";
import { readMemory } from "../checks/memory.ts";
import type { EventLoopFacts } from "../health/event-loop.ts";
import type { MetricsSink } from "./metrics-sink.ts";

export type OwnExpositionDeps = {
  version: string;
  instance: string;
  eventLoop: { latest(): EventLoopFacts };
};

/** Produces `/metrics` without prom-client: the metrics of the kit and of the process. */
export function createOwnExposition({ version, instance, eventLoop }: OwnExpositionDeps): MetricsSink {
  const families: Family[] = [
    gauge("app_info", "Version and instance of this process; always 1.", () => 1, {
      version,
      instance,
      node: process.version,
    }),
    {
      name: "process_cpu_seconds_total",
      help: "Processor time of this process.",
      type: "counter",
      samples: () => {
        const { user, system } = process.cpuUsage();
        return [{ labels: {}, value: (user + system) / 1e6 }];
      },
    },
    gauge("process_start_time_seconds", "Start of this process, in seconds since 1970.", () =>
      Math.round(performance.timeOrigin / 1000),
    ),
    gauge("process_resident_memory_bytes", "Resident memory of this process.", () => readMemory().rssBytes),
    gauge("nodejs_heap_size_used_bytes", "JavaScript heap in use.", () => readMemory().heapUsedBytes),
    gauge("nodejs_eventloop_lag_seconds", "Mean event-loop delay of the latest sample.", () =>
      seconds(eventLoop.latest().delayMs),
    ),
    gauge("nodejs_eventloop_lag_max_seconds", "Longest event-loop delay of the last ten seconds.", () =>
      seconds(eventLoop.latest().longestDelayMs),
    ),
    gauge(
      "nodejs_eventloop_utilization",
      "Share of time in which the event loop was busy, 0 to 1.",
      () => eventLoop.latest().utilization,
    ),
  ];
  return {
    add: (...more) => void families.push(...more),
    expose: async (format) => expose(families, format),
  };
}

const seconds = (ms: number): number => ms / 1000;

const gauge = (name: string, help: string, read: () => number, labels: Record<string, string> = {}): Family => ({
  name,
  help,
  type: "gauge",
  samples: () => [{ labels, value: read() }],
});
