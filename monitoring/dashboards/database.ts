import { formatThreshold, thresholdOf } from "../thresholds.ts";
import type { Dashboard, Row } from "./build.ts";
import { above, type Panel } from "./panel.ts";
import { sessionCache } from "./session-cache.ts";

const selected = 'job="haven-api", instance=~"$instance"';

const quantile = (share: number, name: string, by: string) =>
  `histogram_quantile(${share}, sum by (${by}) (rate(dependency_call_duration_seconds_bucket{${selected}, name="${name}"}[$interval])))`;

/** Returns the panels of a dependency that is called through a breaker. */
const panelsOfDependency = (name: "postgres" | "redis", title: string): readonly Panel[] => [
  {
    title: `${title}, by instance`,
    description:
      "State of the health check. If it is down for all instances, the cause is the service or its network; if for one, that instance.",
    kind: "state-timeline",
    unit: "short",
    width: 12,
    states: { 0: ["down or unknown", "red"], 1: ["up", "green"] },
    queries: [{ expr: `min by (instance) (health_check_up{${selected}, check="${name}"})`, legend: "{{instance}}" }],
  },
  {
    title: `${title}: breaker`,
    description:
      "Reading, and writing (:write). While a breaker is open, requests that need the capability get 503 at once; the health check serves as the trial.",
    kind: "state-timeline",
    unit: "short",
    width: 12,
    states: { 0: ["closed", "green"], 1: ["half open", "yellow"], 2: ["open", "red"] },
    queries: [
      {
        expr: `max by (instance, name) (circuit_breaker_state{${selected}, name=~"${name}|${name}:write"})`,
        legend: "{{instance}} {{name}}",
      },
    ],
  },
  {
    title: `${title}: time of calls`,
    description: "Duration of calls, including the wait for a free connection and the whole transaction.",
    kind: "timeseries",
    unit: "s",
    width: 8,
    min: 0,
    queries: [
      { expr: quantile(0.5, name, "le"), legend: "p50" },
      { expr: quantile(0.95, name, "le"), legend: "p95" },
      { expr: quantile(0.99, name, "le"), legend: "p99" },
    ],
  },
  {
    title: `${title}: time of calls by instance, p95`,
    description: `The alert DependencySlow fires above ${formatThreshold("DependencySlow")}. If all instances are slow, the cause is the service; if one is slow, its network or its event loop.`,
    kind: "timeseries",
    unit: "s",
    width: 8,
    min: 0,
    thresholds: above(thresholdOf("DependencySlow"), "orange"),
    queries: [{ expr: quantile(0.95, name, "instance, le"), legend: "{{instance}}" }],
  },
  {
    title: `${title}: calls`,
    description: "Calls a second that reached the service, by instance.",
    kind: "timeseries",
    unit: "ops",
    width: 8,
    min: 0,
    queries: [
      {
        expr: `sum by (instance) (rate(dependency_call_duration_seconds_count{${selected}, name="${name}"}[$interval]))`,
        legend: "{{instance}}",
      },
    ],
  },
  {
    title: `${title}: failed and rejected calls`,
    description: "Per second: calls that failed because of the service, and calls that the open breaker rejected.",
    kind: "timeseries",
    unit: "ops",
    width: 12,
    min: 0,
    queries: ["failure", "rejected"].map((event) => ({
      expr: `sum by (instance) (rate(circuit_breaker_events_total{${selected}, name=~"${name}|${name}:write", event="${event}"}[$interval]))`,
      legend: `{{instance}} ${event}`,
    })),
  },
  {
    title: `${title}: time of the health check, p95`,
    description:
      "The check has its own connection and a trivial statement, so a slow check means that every request is slow.",
    kind: "timeseries",
    unit: "s",
    width: 12,
    min: 0,
    queries: [
      {
        expr: `histogram_quantile(0.95, sum by (instance, le) (rate(health_check_duration_seconds_bucket{${selected}, check="${name}"}[$interval])))`,
        legend: "{{instance}}",
      },
    ],
  },
];

const capabilities: Row = {
  title: "Reading and writing",
  panels: [
    {
      title: "Capabilities, by check",
      description:
        "The worst state of each capability over the selected instances. If reading is up and writing is down, the store refuses writes.",
      kind: "state-timeline",
      unit: "short",
      width: 12,
      states: { 0: ["down or unknown", "red"], 1: ["up", "green"] },
      queries: [
        { expr: `min by (check, capability) (health_capability{${selected}})`, legend: "{{check}} {{capability}}" },
      ],
    },
    {
      title: "Why a capability is down",
      description: "The capabilities that are down, by instance, with the reason. Empty if all are up.",
      kind: "table",
      unit: "short",
      width: 12,
      queries: [{ expr: `max by (instance, check, capability, reason) (health_capability_reason{${selected}})` }],
    },
  ],
};

const pool: Row = {
  title: "Connections to Postgres",
  panels: [
    {
      title: "Pool in use",
      description: `Share of the connections that one statement uses at a time. The alert DatabasePoolNearlyFull fires above ${formatThreshold("DatabasePoolNearlyFull")} on average.`,
      kind: "timeseries",
      unit: "percentunit",
      width: 8,
      min: 0,
      max: 1,
      thresholds: above(thresholdOf("DatabasePoolNearlyFull"), "orange"),
      queries: [
        {
          expr: `max by (instance) (pg_pool_connections{${selected}, state="active"} / on (job, instance) pg_pool_connections_max{${selected}})`,
          legend: "{{instance}}",
        },
      ],
    },
    {
      title: "Requests that wait for a connection",
      description:
        "The alert DatabasePoolExhausted fires if it is not 0 for long. These requests get 503 after DB_CONNECT_TIMEOUT_MS.",
      kind: "timeseries",
      unit: "short",
      width: 8,
      min: 0,
      thresholds: above(1),
      queries: [
        { expr: `sum by (instance) (pg_pool_connections{${selected}, state="waiting"})`, legend: "{{instance}}" },
      ],
    },
    {
      title: "Connections, all selected instances",
      description:
        "Open connections; each instance has two more for its health checks. max_connections of Postgres must allow the sum.",
      kind: "timeseries",
      unit: "short",
      width: 8,
      min: 0,
      stacked: true,
      queries: [
        {
          expr: `sum by (state) (pg_pool_connections{${selected}, state=~"active|idle|pipelined"})`,
          legend: "{{state}}",
        },
      ],
    },
  ],
};

export const database: Dashboard = {
  uid: "haven-database",
  title: "Database Metrics",
  description: "Postgres and Redis as measured by the instances: capabilities, availability, speed and connections.",
  rows: [
    capabilities,
    { title: "Postgres", panels: panelsOfDependency("postgres", "Postgres") },
    pool,
    { title: "Redis", panels: panelsOfDependency("redis", "Redis") },
    sessionCache,
  ],
};
