import { formatThreshold, thresholdOf } from "../thresholds.ts";
import { above, type Dashboard, type Panel, type Row } from "./build.ts";

const mine = 'job="haven-api", instance=~"$instance"';

const quantile = (share: number, name: string, by: string) =>
  `histogram_quantile(${share}, sum by (${by}) (rate(dependency_call_duration_seconds_bucket{${mine}, name="${name}"}[$interval])))`;

/** What there is to say of every dependency behind a breaker. */
const aboutCalls = (name: "postgres" | "redis", title: string): readonly Panel[] => [
  {
    title: `${title}, by instance`,
    description: "What the health check says. All down: the service or the way to it. One down: that instance.",
    kind: "state-timeline",
    unit: "short",
    width: 12,
    words: { 0: ["down or unknown", "red"], 1: ["up", "green"] },
    queries: [{ expr: `min by (instance) (health_check_up{${mine}, check="${name}"})`, legend: "{{instance}}" }],
  },
  {
    title: `${title}: breaker`,
    description:
      "While it is open, what needs the service gets 503 at once; the health check serves as the trial call.",
    kind: "state-timeline",
    unit: "short",
    width: 12,
    words: { 0: ["closed", "green"], 1: ["half open", "yellow"], 2: ["open", "red"] },
    queries: [{ expr: `max by (instance) (circuit_breaker_state{${mine}, name="${name}"})`, legend: "{{instance}}" }],
  },
  {
    title: `${title}: time of calls`,
    description: "What requests wait for, a free connection and the whole transaction included.",
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
    description: `Above ${formatThreshold("DependencySlow")}: DependencySlow. All alike: the service. One alone: its network or its event loop.`,
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
        expr: `sum by (instance) (rate(dependency_call_duration_seconds_count{${mine}, name="${name}"}[$interval]))`,
        legend: "{{instance}}",
      },
    ],
  },
  {
    title: `${title}: failed and refused`,
    description: "A second: calls that failed through the service's fault, and calls that the open breaker refused.",
    kind: "timeseries",
    unit: "ops",
    width: 12,
    min: 0,
    queries: ["failure", "rejected"].map((event) => ({
      expr: `sum by (instance) (rate(circuit_breaker_events_total{${mine}, name="${name}", event="${event}"}[$interval]))`,
      legend: `{{instance}} ${event}`,
    })),
  },
  {
    title: `${title}: time of the health check, p95`,
    description:
      "On a connection of its own, with a statement that costs nothing: slow here means slow for every request.",
    kind: "timeseries",
    unit: "s",
    width: 12,
    min: 0,
    queries: [
      {
        expr: `histogram_quantile(0.95, sum by (instance, le) (rate(health_check_duration_seconds_bucket{${mine}, check="${name}"}[$interval])))`,
        legend: "{{instance}}",
      },
    ],
  },
];

const pool: Row = {
  title: "Connections to Postgres",
  panels: [
    {
      title: "Pool in use",
      description: `Share of DB_POOL_MAX. Above ${formatThreshold("DatabasePoolNearlyFull")} on average: DatabasePoolNearlyFull.`,
      kind: "timeseries",
      unit: "percentunit",
      width: 8,
      min: 0,
      max: 1,
      thresholds: above(thresholdOf("DatabasePoolNearlyFull"), "orange"),
      queries: [
        {
          expr: `max by (instance) (pg_pool_connections{${mine}, state="active"} / on (job, instance) pg_pool_connections_max{${mine}})`,
          legend: "{{instance}}",
        },
      ],
    },
    {
      title: "Requests that wait for a connection",
      description: "Anything but 0 for long: DatabasePoolExhausted. They get 503 after DB_CONNECT_TIMEOUT_MS.",
      kind: "timeseries",
      unit: "short",
      width: 8,
      min: 0,
      thresholds: above(1),
      queries: [{ expr: `sum by (instance) (pg_pool_connections{${mine}, state="waiting"})`, legend: "{{instance}}" }],
    },
    {
      title: "Connections, all chosen instances",
      description:
        "Open ones; each instance has two more for its health checks. max_connections of Postgres has to hold them.",
      kind: "timeseries",
      unit: "short",
      width: 8,
      min: 0,
      stacked: true,
      queries: [{ expr: `sum by (state) (pg_pool_connections{${mine}, state=~"active|idle"})`, legend: "{{state}}" }],
    },
  ],
};

export const database: Dashboard = {
  uid: "haven-database",
  title: "Database Metrics",
  description: "Postgres and Redis as the instances see them: there or not, how fast, how many connections.",
  rows: [
    { title: "Postgres", panels: aboutCalls("postgres", "Postgres") },
    pool,
    { title: "Redis", panels: aboutCalls("redis", "Redis") },
  ],
};
