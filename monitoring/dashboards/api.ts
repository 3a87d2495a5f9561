import { bucketOf, burnRatesOf, formatObjective, formatThreshold, objectiveOf, thresholdOf } from "../thresholds.ts";
import type { Dashboard } from "./build.ts";
import { above, type Panel } from "./panel.ts";

const selected = 'job="haven-api", instance=~"$instance"';
// Streams are left out, because they are long by design.
const answers = `${selected}, route!="/api/v1/stream"`;

const quantile = (share: number, by: string) =>
  `histogram_quantile(${share}, sum by (${by}) (rate(http_request_duration_seconds_bucket{${answers}}[$interval])))`;

/** Returns the share of the requests with this status; 0 if there are none. */
const ratio = (status: string) =>
  `(sum by (instance) (rate(http_requests_total{${selected}, ${status}}[$interval])) or 0 * sum by (instance) (rate(http_requests_total{${selected}}[$interval]))) / (sum by (instance) (rate(http_requests_total{${selected}}[$interval])) > 0)`;

const quickSeconds = bucketOf("job:slo_latency_errors:ratio_rate1h");

const [fast, lessFast] = burnRatesOf("AvailabilityBudgetBurnsFast");
if (fast === undefined || lessFast === undefined) throw new Error("AvailabilityBudgetBurnsFast has two windows");

const burnRatePanel = (objective: "availability" | "latency"): Panel => ({
  title: `Burn rate, ${objective}`,
  description: `1 spends the budget in exactly 30 days. Above ${fast.rate} over ${fast.window}, or ${lessFast.rate} over ${lessFast.window}: critical alert.`,
  kind: "timeseries",
  unit: "short",
  width: 12,
  min: 0,
  thresholds: [
    { from: 1, color: "yellow" },
    { from: lessFast.rate, color: "orange" },
    { from: fast.rate, color: "red" },
  ],
  queries: ["5m", "1h", "6h", "3d"].map((window) => ({
    expr: `job:slo_${objective}_errors:ratio_rate${window}{job="haven-api"} / (1 - scalar(slo:${objective}:objective))`,
    legend: window,
  })),
});

const budget = (title: string, record: string, what: string): Panel => ({
  title,
  description: `How much of the 30-day budget for ${what} is left. Below 0 the objective is missed.`,
  kind: "stat",
  unit: "percentunit",
  width: 6,
  max: 1,
  thresholds: [
    { from: null, color: "red" },
    { from: 0, color: "orange" },
    { from: 0.25, color: "green" },
  ],
  queries: [{ expr: record, legend: "remaining" }],
});

export const api: Dashboard = {
  uid: "haven-api",
  title: "API Performance",
  description: "Requests as users see them: rate, response time and failures.",
  rows: [
    {
      title: "Objectives (whole fleet)",
      panels: [
        budget("Availability budget", 'job:slo_availability_budget:remaining30d{job="haven-api"}', "failed requests"),
        budget("Latency budget", 'job:slo_latency_budget:remaining30d{job="haven-api"}', "slow responses"),
        {
          title: "Availability",
          description: `Share of the requests of the last hour that were not answered with a 5xx. Objective: ${formatObjective("availability")}.`,
          kind: "stat",
          unit: "percentunit",
          decimals: 3,
          width: 6,
          thresholds: [
            { from: null, color: "red" },
            { from: objectiveOf("availability"), color: "green" },
          ],
          queries: [{ expr: '1 - job:slo_availability_errors:ratio_rate1h{job="haven-api"}', legend: "last hour" }],
        },
        {
          title: "Fast responses",
          description: `Share of the responses of the last hour that took at most ${quickSeconds} s. Objective: ${formatObjective("latency")}.`,
          kind: "stat",
          unit: "percentunit",
          decimals: 2,
          width: 6,
          thresholds: [
            { from: null, color: "red" },
            { from: objectiveOf("latency"), color: "green" },
          ],
          queries: [{ expr: '1 - job:slo_latency_errors:ratio_rate1h{job="haven-api"}', legend: "last hour" }],
        },
        burnRatePanel("availability"),
        burnRatePanel("latency"),
      ],
    },
    {
      title: "Requests and errors",
      panels: [
        {
          title: "Requests by status",
          description: "Requests a second. 499: the client disconnected; 503: shed, draining, or a dependency is down.",
          kind: "timeseries",
          unit: "reqps",
          width: 12,
          stacked: true,
          queries: [
            { expr: `sum by (status) (rate(http_requests_total{${selected}}[$interval]))`, legend: "{{status}}" },
          ],
        },
        {
          title: "Requests by route",
          description: "The ten busiest routes. unknown: paths that do not exist.",
          kind: "timeseries",
          unit: "reqps",
          width: 12,
          queries: [
            {
              expr: `topk(10, sum by (method, route) (rate(http_requests_total{${selected}}[$interval])))`,
              legend: "{{method}} {{route}}",
            },
          ],
        },
        {
          title: "Server errors by instance",
          description: `Share of the requests with a 5xx. The alert ServerErrorRatioHigh fires above ${formatThreshold("ServerErrorRatioHigh")}.`,
          kind: "timeseries",
          unit: "percentunit",
          width: 12,
          min: 0,
          thresholds: above(thresholdOf("ServerErrorRatioHigh")),
          queries: [{ expr: ratio('status=~"5.."'), legend: "{{instance}}" }],
        },
        {
          title: "Client errors by instance",
          description:
            "Share of the requests with a 4xx, without unknown paths. If only one instance is affected, check its secret and its clock.",
          kind: "timeseries",
          unit: "percentunit",
          width: 12,
          min: 0,
          thresholds: above(thresholdOf("ClientErrorRatioHigh"), "orange"),
          queries: [{ expr: ratio('status=~"4..", status!="499", route!="unknown"'), legend: "{{instance}}" }],
        },
        {
          title: "Server errors by route",
          description: "The routes that return a 5xx. Empty if there are none.",
          kind: "timeseries",
          unit: "reqps",
          width: 12,
          queries: [
            {
              expr: `topk(10, sum by (method, route, status) (rate(http_requests_total{${selected}, status=~"5.."}[$interval])))`,
              legend: "{{status}} {{method}} {{route}}",
            },
          ],
        },
        {
          title: "Shed and aborted requests",
          description: "Requests a second that were shed because an instance was overloaded, or that clients aborted.",
          kind: "timeseries",
          unit: "reqps",
          width: 12,
          min: 0,
          queries: [
            {
              expr: `sum by (instance) (rate(http_requests_shed_total{${selected}}[$interval]))`,
              legend: "{{instance}} shed",
            },
            {
              expr: `sum by (instance) (rate(http_requests_total{${answers}, status="499"}[$interval]))`,
              legend: "{{instance}} aborted",
            },
          ],
        },
      ],
    },
    {
      title: "Response times",
      panels: [
        {
          title: "Response times, all instances",
          description:
            "Half of the responses take at most p50, one in twenty longer than p95, one in a hundred longer than p99.",
          kind: "timeseries",
          unit: "s",
          width: 12,
          min: 0,
          queries: [
            { expr: quantile(0.5, "le"), legend: "p50" },
            { expr: quantile(0.95, "le"), legend: "p95" },
            { expr: quantile(0.99, "le"), legend: "p99" },
          ],
        },
        {
          title: "Response times, distribution",
          description: "Number of responses by duration. Two bands mean two kinds of requests, or one slow instance.",
          kind: "heatmap",
          unit: "s",
          width: 12,
          queries: [
            {
              expr: `sum by (le) (increase(http_request_duration_seconds_bucket{${answers}}[$interval]))`,
              legend: "{{le}}",
            },
          ],
        },
        {
          title: "Response times by instance, p95",
          description: `The alert LatencyP95High fires above ${formatThreshold("LatencyP95High")}.`,
          kind: "timeseries",
          unit: "s",
          width: 12,
          min: 0,
          thresholds: above(thresholdOf("LatencyP95High")),
          queries: [{ expr: quantile(0.95, "instance, le"), legend: "{{instance}}" }],
        },
        {
          title: "Response times by instance, p99",
          description: `The alert LatencyP99High fires above ${formatThreshold("LatencyP99High")}. If one line is above the others, the cause is that instance and not the database.`,
          kind: "timeseries",
          unit: "s",
          width: 12,
          min: 0,
          thresholds: above(thresholdOf("LatencyP99High")),
          queries: [{ expr: quantile(0.99, "instance, le"), legend: "{{instance}}" }],
        },
        {
          title: "Slowest routes, p95",
          description: "The ten routes with the longest response times.",
          kind: "timeseries",
          unit: "s",
          width: 24,
          min: 0,
          queries: [{ expr: `topk(10, ${quantile(0.95, "method, route, le")})`, legend: "{{method}} {{route}}" }],
        },
      ],
    },
  ],
};
