import { bucketOf, formatThreshold, thresholdOf } from "../thresholds.ts";
import type { Dashboard } from "./build.ts";
import { mail } from "./mail.ts";
import { above } from "./panel.ts";

const selected = 'job="haven-api", instance=~"$instance"';

const slowCheckSeconds = bucketOf("instance_check:health_check_over_3s:ratio5m");

export const system: Dashboard = {
  uid: "haven-system",
  title: "System Overview",
  description: "Whether the instances run and report ready, which resources they use, and the delivery of mails.",
  rows: [
    {
      title: "Now",
      panels: [
        {
          title: "Ready",
          description: `Share of the instances that report ready. At ${formatThreshold("TooFewInstancesReady")} or less the alert TooFewInstancesReady fires, because the next failure may be an outage.`,
          kind: "stat",
          unit: "percentunit",
          width: 4,
          min: 0,
          max: 1,
          thresholds: [
            { from: null, color: "red" },
            { from: thresholdOf("TooFewInstancesReady") + 0.01, color: "yellow" },
            { from: 1, color: "green" },
          ],
          queries: [
            {
              expr: `(sum(health_ready{${selected}}) or vector(0)) / count(up{${selected}})`,
              legend: "ready",
            },
          ],
        },
        {
          title: "Instances that answer",
          description: "The number of instances that Prometheus can scrape, and the number of all its targets.",
          kind: "stat",
          unit: "short",
          width: 4,
          queries: [
            { expr: `sum(up{${selected}})`, legend: "answer" },
            { expr: `count(up{${selected}})`, legend: "targets" },
          ],
        },
        {
          title: "Firing alerts",
          description: "Firing alerts, except the Watchdog.",
          kind: "stat",
          unit: "short",
          width: 4,
          thresholds: above(1),
          queries: [{ expr: 'count(ALERTS{alertstate="firing", severity!="none"}) or vector(0)', legend: "alerts" }],
        },
        {
          title: "Time since the latest start",
          description:
            "Uptime of the youngest process. A small number outside a rollout means that an instance has restarted.",
          kind: "stat",
          unit: "s",
          width: 4,
          queries: [{ expr: `min(time() - process_start_time_seconds{${selected}})`, legend: "youngest" }],
        },
        {
          title: "Requests",
          description: "Requests a second to the selected instances.",
          kind: "stat",
          unit: "reqps",
          width: 4,
          queries: [{ expr: `sum(rate(http_requests_total{${selected}}[$interval]))`, legend: "requests" }],
        },
        {
          title: "CPU",
          description: "Processor time of all selected instances together: 1 is one core.",
          kind: "stat",
          unit: "short",
          decimals: 2,
          width: 4,
          queries: [{ expr: `sum(rate(process_cpu_seconds_total{${selected}}[$interval]))`, legend: "cores" }],
        },
        {
          title: "Alerts",
          description: "Firing alerts and their instances. docs/runbook.md has a section for each alert.",
          kind: "table",
          unit: "short",
          width: 12,
          queries: [{ expr: 'ALERTS{alertstate="firing"}' }],
        },
        {
          title: "Versions",
          description:
            "Version of the app and of Node for each instance. If there are two versions for long, a rollout is stuck.",
          kind: "table",
          unit: "short",
          width: 12,
          queries: [{ expr: `sum by (instance, exported_instance, version, node) (app_info{${selected}})` }],
        },
      ],
    },
    {
      title: "Health",
      panels: [
        {
          title: "Ready, by instance",
          description: "State of /ready. In a gap the instance could not be scraped.",
          kind: "state-timeline",
          unit: "short",
          width: 12,
          states: { 0: ["not ready", "red"], 1: ["ready", "green"] },
          queries: [{ expr: `max by (instance) (health_ready{${selected}})`, legend: "{{instance}}" }],
        },
        {
          title: "Phase, by instance",
          description:
            "Lifecycle phase of the process. Draining takes at most DRAIN_DELAY_MS + DRAIN_LINGER_MS + SHUTDOWN_TIMEOUT_MS.",
          kind: "state-timeline",
          unit: "short",
          width: 12,
          states: {
            0: ["stopped", "red"],
            1: ["starting", "yellow"],
            2: ["ready", "green"],
            3: ["draining", "blue"],
          },
          queries: [
            {
              expr: `sum by (instance) (lifecycle_phase{${selected}, phase="starting"}) + 2 * sum by (instance) (lifecycle_phase{${selected}, phase="ready"}) + 3 * sum by (instance) (lifecycle_phase{${selected}, phase="draining"})`,
              legend: "{{instance}}",
            },
          ],
        },
        {
          title: "Checks",
          description:
            "The worst state of each check over all instances. By default, postgres takes an instance out of rotation.",
          kind: "state-timeline",
          unit: "short",
          width: 12,
          states: { 0: ["down or unknown", "red"], 1: ["up", "green"] },
          queries: [{ expr: `min by (check) (health_check_up{${selected}})`, legend: "{{check}}" }],
        },
        {
          title: "Consecutive failures",
          description: `Consecutive failures of each check. The alert HealthCheckFailing fires from ${formatThreshold("HealthCheckFailing")}. The panel is empty while no check fails.`,
          kind: "timeseries",
          unit: "short",
          width: 12,
          min: 0,
          thresholds: above(thresholdOf("HealthCheckFailing")),
          queries: [
            {
              expr: `max by (instance, check) (health_check_consecutive_failures{${selected}}) > 0`,
              legend: "{{instance}} {{check}}",
            },
          ],
        },
        {
          title: "Checks that succeed",
          description: "Share of successful runs. Below 99 %, a dependency is unstable, even if no check goes down.",
          kind: "timeseries",
          unit: "percentunit",
          width: 8,
          max: 1,
          thresholds: [
            { from: null, color: "red" },
            { from: 0.99, color: "green" },
          ],
          queries: [
            {
              expr: `1 - sum by (instance) (rate(health_check_failures_total{${selected}}[$interval])) / (sum by (instance) (rate(health_check_duration_seconds_count{${selected}}[$interval])) > 0)`,
              legend: "{{instance}}",
            },
          ],
        },
        {
          title: "Time of the checks, p95",
          description: `Duration of a run, on the slowest instance. The alert HealthCheckSlow fires if more than ${formatThreshold("HealthCheckSlow")} of the runs take longer than ${slowCheckSeconds} s.`,
          kind: "timeseries",
          unit: "s",
          width: 8,
          min: 0,
          thresholds: above(slowCheckSeconds),
          queries: [
            {
              expr: `max by (check) (histogram_quantile(0.95, sum by (instance, check, le) (rate(health_check_duration_seconds_bucket{${selected}}[$interval]))))`,
              legend: "{{check}}",
            },
          ],
        },
        {
          title: "Time of a scrape",
          description: `The same listener answers the probes, so a load balancer waits as long for them. The alert InstanceAnswersSlowly fires above ${formatThreshold("InstanceAnswersSlowly")}.`,
          kind: "timeseries",
          unit: "s",
          width: 8,
          min: 0,
          thresholds: above(thresholdOf("InstanceAnswersSlowly")),
          queries: [{ expr: `max by (instance) (scrape_duration_seconds{${selected}})`, legend: "{{instance}}" }],
        },
      ],
    },
    {
      title: "Fleet",
      panels: [
        {
          title: "Instances known",
          description:
            "The number of instances whose heartbeat each instance reads, including its own. The alert FleetNotSeen fires if the numbers differ for long.",
          kind: "timeseries",
          unit: "short",
          width: 8,
          min: 0,
          queries: [{ expr: `sum by (instance) (fleet_instances{${selected}})`, legend: "{{instance}}" }],
        },
        {
          title: "Spread of the load",
          description: `Largest difference of one instance from the average, as the instances measure it. The alert LoadUneven fires above ${formatThreshold("LoadUneven")}.`,
          kind: "timeseries",
          unit: "percentunit",
          width: 8,
          min: 0,
          thresholds: above(thresholdOf("LoadUneven"), "orange"),
          queries: [{ expr: `max(fleet_load_spread_ratio{${selected}})`, legend: "spread" }],
        },
        {
          title: "Decisions about readiness",
          description: "Decisions of READY_POLICY=outlier when a critical check went down. Empty with strict.",
          kind: "timeseries",
          unit: "short",
          width: 8,
          min: 0,
          queries: [
            {
              expr: `sum by (decision) (increase(ready_policy_decisions_total{${selected}}[$interval]))`,
              legend: "{{decision}}",
            },
          ],
        },
      ],
    },
    {
      title: "Processes",
      panels: [
        {
          title: "CPU",
          description: "Share of one core. JavaScript has one thread: near 1, the instance is saturated.",
          kind: "timeseries",
          unit: "percentunit",
          width: 8,
          min: 0,
          thresholds: above(0.9, "orange"),
          queries: [
            {
              expr: `sum by (instance) (rate(process_cpu_seconds_total{${selected}}[$interval]))`,
              legend: "{{instance}}",
            },
          ],
        },
        {
          title: "Event-loop delay, p99",
          description: `Delay of event-loop turns; 0.02 is an idle instance. The alert EventLoopSlow fires above ${formatThreshold("EventLoopSlow")}.`,
          kind: "timeseries",
          unit: "s",
          width: 8,
          min: 0,
          thresholds: above(thresholdOf("EventLoopSlow")),
          queries: [
            { expr: `max by (instance) (nodejs_eventloop_lag_p99_seconds{${selected}})`, legend: "{{instance}}" },
          ],
        },
        {
          title: "Garbage collection",
          description: "Share of time spent in garbage collection. Above a tenth, the heap is too small.",
          kind: "timeseries",
          unit: "percentunit",
          width: 8,
          min: 0,
          thresholds: above(0.1, "orange"),
          queries: [
            {
              expr: `sum by (instance) (rate(nodejs_gc_duration_seconds_sum{${selected}}[$interval]))`,
              legend: "{{instance}}",
            },
          ],
        },
        {
          title: "Memory",
          description: "Resident memory, and its limit where the system sets one. At the limit the process is killed.",
          kind: "timeseries",
          unit: "bytes",
          width: 8,
          min: 0,
          queries: [
            { expr: `max by (instance) (process_resident_memory_bytes{${selected}})`, legend: "{{instance}}" },
            { expr: `max by (instance) (process_memory_limit_bytes{${selected}})`, legend: "{{instance}} limit" },
          ],
        },
        {
          title: "Heap",
          description: "JavaScript heap in use, and the size to which it may grow. A line that only rises is a leak.",
          kind: "timeseries",
          unit: "bytes",
          width: 8,
          min: 0,
          queries: [
            { expr: `max by (instance) (nodejs_heap_size_used_bytes{${selected}})`, legend: "{{instance}}" },
            { expr: `max by (instance) (nodejs_heap_size_limit_bytes{${selected}})`, legend: "{{instance}} limit" },
          ],
        },
        {
          title: "File descriptors",
          description: `Share in use, most of them connections. The alert ConnectionsNearLimit fires above ${formatThreshold("ConnectionsNearLimit")}.`,
          kind: "timeseries",
          unit: "percentunit",
          width: 8,
          min: 0,
          thresholds: above(thresholdOf("ConnectionsNearLimit")),
          queries: [
            {
              expr: `max by (instance) (process_open_fds{${selected}} / on (job, instance) process_max_fds{${selected}})`,
              legend: "{{instance}}",
            },
          ],
        },
        {
          title: "Network, received",
          description: "Bytes a second from clients and proxies, headers and probes included.",
          kind: "timeseries",
          unit: "Bps",
          width: 12,
          min: 0,
          queries: [
            {
              expr: `sum by (instance) (rate(http_network_bytes_total{${selected}, direction="received"}[$interval]))`,
              legend: "{{instance}}",
            },
          ],
        },
        {
          title: "Network, sent",
          description: "Bytes a second to clients and proxies, headers and probes included.",
          kind: "timeseries",
          unit: "Bps",
          width: 12,
          min: 0,
          queries: [
            {
              expr: `sum by (instance) (rate(http_network_bytes_total{${selected}, direction="sent"}[$interval]))`,
              legend: "{{instance}}",
            },
          ],
        },
      ],
    },
    mail,
  ],
};
