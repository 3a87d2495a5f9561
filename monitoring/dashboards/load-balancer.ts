import { formatThreshold, thresholdOf } from "../thresholds.ts";
import { above, type Dashboard } from "./build.ts";

const mine = 'job="haven-api", instance=~"$instance"';
// HAProxy has an instance name of its own, so the variable does not choose it.
const proxy = 'job="haproxy"';

const average = "avg by (job) (instance:http_requests_while_ready:rate5m)";

export const loadBalancer: Dashboard = {
  uid: "haven-load-balancer",
  title: "Load Balancer Stats",
  description: "Who gets how much, who is in rotation, and what HAProxy says of it where it is used.",
  rows: [
    {
      title: "Distribution, as the instances see it",
      panels: [
        {
          title: "Share of the load",
          description: "Of all requests, by instance. Cookie affinity makes it a little uneven.",
          kind: "bargauge",
          unit: "percentunit",
          width: 8,
          min: 0,
          max: 1,
          queries: [
            {
              expr: `sum by (instance) (rate(http_requests_total{${mine}}[$interval])) / on () group_left () sum(rate(http_requests_total{job="haven-api"}[$interval]))`,
              legend: "{{instance}}",
            },
          ],
        },
        {
          title: "Distance from the average",
          description: `Instances that were ready all the time, over 5 minutes. More than ${formatThreshold("LoadUneven")} above or below: LoadUneven.`,
          kind: "timeseries",
          unit: "percentunit",
          width: 8,
          thresholds: [
            { from: null, color: "red" },
            { from: -thresholdOf("LoadUneven"), color: "green" },
            { from: thresholdOf("LoadUneven"), color: "red" },
          ],
          queries: [{ expr: `instance:http_requests_while_ready:deviation5m{${mine}}`, legend: "{{instance}}" }],
        },
        {
          title: "Spread",
          description: "From the busiest instance that is ready to the idlest, in averages, over 5 minutes.",
          kind: "timeseries",
          unit: "percentunit",
          width: 8,
          min: 0,
          thresholds: above(2 * thresholdOf("LoadUneven"), "orange"),
          queries: [
            {
              expr: `(max by (job) (instance:http_requests_while_ready:rate5m) - min by (job) (instance:http_requests_while_ready:rate5m)) / (${average} > 0)`,
              legend: "spread",
            },
          ],
        },
        {
          title: "Requests by instance",
          description: "Requests a second that each instance answers.",
          kind: "timeseries",
          unit: "reqps",
          width: 12,
          min: 0,
          queries: [
            { expr: `sum by (instance) (rate(http_requests_total{${mine}}[$interval]))`, legend: "{{instance}}" },
          ],
        },
        {
          title: "In rotation",
          description: "What /ready says, which is what balancers go by. Gaps: the instance could not be scraped.",
          kind: "state-timeline",
          unit: "short",
          width: 12,
          words: { 0: ["out", "red"], 1: ["in", "green"] },
          queries: [{ expr: `max by (instance) (health_ready{${mine}})`, legend: "{{instance}}" }],
        },
        {
          title: "Open connections",
          description: "From clients and proxies, busy or kept alive. An instance without any is not in rotation.",
          kind: "timeseries",
          unit: "short",
          width: 8,
          min: 0,
          queries: [{ expr: `max by (instance) (http_connections_open{${mine}})`, legend: "{{instance}}" }],
        },
        {
          title: "Requests in flight",
          description: "Being answered now, streams included. Rising with steady traffic: answers become slow.",
          kind: "timeseries",
          unit: "short",
          width: 8,
          min: 0,
          queries: [{ expr: `max by (instance) (http_requests_in_flight{${mine}})`, legend: "{{instance}}" }],
        },
        {
          title: "Probes",
          description:
            "Health checks a second that balancers and platforms make, by answer. NGINX makes none by itself.",
          kind: "timeseries",
          unit: "reqps",
          width: 8,
          min: 0,
          queries: [
            {
              expr: `sum by (instance, probe, status) (rate(health_probes_total{${mine}}[$interval]))`,
              legend: "{{instance}} {{probe}} {{status}}",
            },
          ],
        },
      ],
    },
    {
      title: "HAProxy (empty where it is not used)",
      panels: [
        {
          title: "Servers",
          description: "Which servers HAProxy sends requests to.",
          kind: "state-timeline",
          unit: "short",
          width: 12,
          words: { 0: ["out", "red"], 1: ["in", "green"] },
          queries: [
            {
              expr: `max by (instance, proxy, server) (haproxy_server_status{${proxy}, state="UP"})`,
              legend: "{{proxy}}/{{server}}",
            },
          ],
        },
        {
          title: "Answers by server",
          description: "Answers a second that HAProxy passed on, by class.",
          kind: "timeseries",
          unit: "reqps",
          width: 12,
          min: 0,
          queries: [
            {
              expr: `sum by (server, code) (rate(haproxy_server_http_responses_total{${proxy}}[$interval])) > 0`,
              legend: "{{server}} {{code}}",
            },
          ],
        },
        {
          title: "Connections in use",
          description: `Share of the connections that HAProxy may have. Above ${formatThreshold("HAProxyConnectionsNearLimit")}: HAProxyConnectionsNearLimit.`,
          kind: "timeseries",
          unit: "percentunit",
          width: 8,
          min: 0,
          thresholds: above(thresholdOf("HAProxyConnectionsNearLimit")),
          queries: [
            {
              expr: `haproxy_process_current_connections{${proxy}} / on (job, instance) haproxy_process_max_connections{${proxy}}`,
              legend: "{{instance}}",
            },
          ],
        },
        {
          title: "Queue",
          description: "Requests that wait in HAProxy for a server. Anything but 0 for long: too few servers.",
          kind: "timeseries",
          unit: "short",
          width: 8,
          min: 0,
          thresholds: above(1, "orange"),
          queries: [
            { expr: `sum by (instance, proxy) (haproxy_backend_current_queue{${proxy}})`, legend: "{{proxy}}" },
          ],
        },
        {
          title: "Retries and failed checks",
          description: "A second: requests tried again, or on another server, and health checks that failed.",
          kind: "timeseries",
          unit: "ops",
          width: 8,
          min: 0,
          queries: [
            {
              expr: `sum by (server) (rate(haproxy_server_retry_warnings_total{${proxy}}[$interval]))`,
              legend: "{{server}} retries",
            },
            {
              expr: `sum by (server) (rate(haproxy_server_redispatch_warnings_total{${proxy}}[$interval]))`,
              legend: "{{server}} redispatches",
            },
            {
              expr: `sum by (server) (rate(haproxy_server_check_failures_total{${proxy}}[$interval]))`,
              legend: "{{server}} failed checks",
            },
          ],
        },
        {
          title: "CPU of HAProxy",
          description: "Share of the time in which it is not idle. Near 1 every request is slow.",
          kind: "timeseries",
          unit: "percentunit",
          width: 12,
          min: 0,
          max: 1,
          thresholds: above(0.8, "orange"),
          queries: [{ expr: `1 - haproxy_process_idle_time_percent{${proxy}} / 100`, legend: "{{instance}}" }],
        },
        {
          title: "Memory of HAProxy",
          description: "In its pools: buffers and connections. It grows with the connections, and stays.",
          kind: "timeseries",
          unit: "bytes",
          width: 12,
          min: 0,
          queries: [{ expr: `haproxy_process_pool_used_bytes{${proxy}}`, legend: "{{instance}}" }],
        },
        {
          title: "Time by server",
          description:
            "Mean of HAProxy's last 1024 requests: until the connection stands, and until the answer is there.",
          kind: "timeseries",
          unit: "s",
          width: 12,
          min: 0,
          queries: [
            {
              expr: `max by (server) (haproxy_server_connect_time_average_seconds{${proxy}})`,
              legend: "{{server}} connect",
            },
            {
              expr: `max by (server) (haproxy_server_response_time_average_seconds{${proxy}})`,
              legend: "{{server}} answer",
            },
          ],
        },
        {
          title: "Sessions by server",
          description: "Open now, by server.",
          kind: "timeseries",
          unit: "short",
          width: 12,
          min: 0,
          queries: [{ expr: `sum by (server) (haproxy_server_current_sessions{${proxy}})`, legend: "{{server}}" }],
        },
      ],
    },
  ],
};
