import { formatThreshold, thresholdOf } from "../thresholds.ts";
import type { Dashboard } from "./build.ts";
import { above } from "./panel.ts";

const selected = 'job="haven-api", instance=~"$instance"';
// The variable `instance` does not select the proxies and the edge, which have instance names of their own.
const proxy = 'job="haproxy"';
const nginx = 'job="nginx"';
const edge = 'job="edge"';

const average = "avg by (job) (instance:http_requests_while_ready:rate5m)";

export const loadBalancer: Dashboard = {
  uid: "haven-load-balancer",
  title: "Load Balancer Stats",
  description:
    "The distribution of requests, the instances in rotation, the edge as clients see it, and the load balancer.",
  rows: [
    {
      title: "Distribution, as measured by the instances",
      panels: [
        {
          title: "Share of the load",
          description: "Share of all requests, by instance. Cookie affinity makes it a little uneven.",
          kind: "bargauge",
          unit: "percentunit",
          width: 8,
          min: 0,
          max: 1,
          queries: [
            {
              expr: `sum by (instance) (rate(http_requests_total{${selected}}[$interval])) / on () group_left () sum(rate(http_requests_total{job="haven-api"}[$interval]))`,
              legend: "{{instance}}",
            },
          ],
        },
        {
          title: "Distance from the average",
          description: `Instances that were ready all the time, over 5 minutes. The alert LoadUneven fires at a difference of more than ${formatThreshold("LoadUneven")}.`,
          kind: "timeseries",
          unit: "percentunit",
          width: 8,
          thresholds: [
            { from: null, color: "red" },
            { from: -thresholdOf("LoadUneven"), color: "green" },
            { from: thresholdOf("LoadUneven"), color: "red" },
          ],
          queries: [{ expr: `instance:http_requests_while_ready:deviation5m{${selected}}`, legend: "{{instance}}" }],
        },
        {
          title: "Spread",
          description:
            "Difference between the busiest and the least busy ready instance, as a multiple of the average, over 5 minutes.",
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
            { expr: `sum by (instance) (rate(http_requests_total{${selected}}[$interval]))`, legend: "{{instance}}" },
          ],
        },
        {
          title: "In rotation",
          description: "State of /ready, which balancers use. Gaps: the instance could not be scraped.",
          kind: "state-timeline",
          unit: "short",
          width: 12,
          states: { 0: ["out", "red"], 1: ["in", "green"] },
          queries: [{ expr: `max by (instance) (health_ready{${selected}})`, legend: "{{instance}}" }],
        },
        {
          title: "Open connections",
          description:
            "Connections from clients and proxies, busy or kept alive. An instance without connections is not in rotation.",
          kind: "timeseries",
          unit: "short",
          width: 8,
          min: 0,
          queries: [{ expr: `max by (instance) (http_connections_open{${selected}})`, legend: "{{instance}}" }],
        },
        {
          title: "Requests in flight",
          description:
            "Requests in progress, including streams. If the number rises with steady traffic, responses become slow.",
          kind: "timeseries",
          unit: "short",
          width: 8,
          min: 0,
          queries: [{ expr: `max by (instance) (http_requests_in_flight{${selected}})`, legend: "{{instance}}" }],
        },
        {
          title: "Probes",
          description: "Health checks a second from balancers and platforms, by status. NGINX sends none.",
          kind: "timeseries",
          unit: "reqps",
          width: 8,
          min: 0,
          queries: [
            {
              expr: `sum by (instance, probe, status) (rate(health_probes_total{${selected}}[$interval]))`,
              legend: "{{instance}} {{probe}} {{status}}",
            },
          ],
        },
      ],
    },
    {
      title: "The edge, as clients see it (empty without blackbox_exporter)",
      panels: [
        {
          title: "Reachable",
          description:
            "Probes from outside, through DNS, TLS and the load balancer. If they fail, the alert EdgeUnreachable fires.",
          kind: "state-timeline",
          unit: "short",
          width: 8,
          states: { 0: ["out", "red"], 1: ["in", "green"] },
          queries: [{ expr: `max by (instance) (probe_success{${edge}})`, legend: "{{instance}}" }],
        },
        {
          title: "Time of a probe",
          description: "Where a request from outside spends its time: name, connection, TLS, waiting, transfer.",
          kind: "timeseries",
          unit: "s",
          width: 8,
          min: 0,
          stacked: true,
          queries: [{ expr: `max by (phase) (probe_http_duration_seconds{${edge}})`, legend: "{{phase}}" }],
        },
        {
          title: "Days of the certificate",
          description: `Days until the certificate that clients get expires. The alert EdgeCertificateExpiresSoon fires below ${formatThreshold("EdgeCertificateExpiresSoon")}.`,
          kind: "stat",
          unit: "short",
          width: 8,
          decimals: 0,
          thresholds: [
            { from: null, color: "red" },
            { from: thresholdOf("EdgeCertificateExpiresWithinDays"), color: "orange" },
            { from: thresholdOf("EdgeCertificateExpiresSoon"), color: "green" },
          ],
          queries: [
            {
              expr: `min by (instance) (probe_ssl_earliest_cert_expiry{${edge}} - time()) / 86400`,
              legend: "{{instance}}",
            },
          ],
        },
      ],
    },
    {
      title: "NGINX (empty if it is not used)",
      panels: [
        {
          title: "Connections",
          description:
            "Connections of clients on which NGINX reads a request, writes a response, or waits for the next request.",
          kind: "timeseries",
          unit: "short",
          width: 8,
          min: 0,
          stacked: true,
          queries: [
            { expr: `sum by (instance) (nginx_connections_reading{${nginx}})`, legend: "reading" },
            { expr: `sum by (instance) (nginx_connections_writing{${nginx}})`, legend: "writing" },
            { expr: `sum by (instance) (nginx_connections_waiting{${nginx}})`, legend: "waiting" },
          ],
        },
        {
          title: "Requests and connections",
          description: "Per second, as NGINX counts them: rejected and failed requests are included.",
          kind: "timeseries",
          unit: "ops",
          width: 8,
          min: 0,
          queries: [
            { expr: `sum by (instance) (rate(nginx_http_requests_total{${nginx}}[$interval]))`, legend: "requests" },
            {
              expr: `sum by (instance) (rate(nginx_connections_accepted{${nginx}}[$interval]))`,
              legend: "connections",
            },
          ],
        },
        {
          title: "Dropped connections",
          description:
            "Connections a second that NGINX closes at once, because all worker_connections are in use. The alert NginxDropsConnections fires above 0.",
          kind: "timeseries",
          unit: "ops",
          width: 8,
          min: 0,
          queries: [
            {
              expr: `sum by (instance) (rate(nginx_connections_accepted{${nginx}}[$interval]) - rate(nginx_connections_handled{${nginx}}[$interval]))`,
              legend: "{{instance}}",
            },
          ],
        },
      ],
    },
    {
      title: "HAProxy (empty if it is not used)",
      panels: [
        {
          title: "Servers",
          description: "Which servers HAProxy sends requests to.",
          kind: "state-timeline",
          unit: "short",
          width: 12,
          states: { 0: ["out", "red"], 1: ["in", "green"] },
          queries: [
            {
              expr: `max by (instance, proxy, server) (haproxy_server_status{${proxy}, state="UP"})`,
              legend: "{{proxy}}/{{server}}",
            },
          ],
        },
        {
          title: "Responses by server",
          description: "Responses a second that HAProxy forwarded, by status class.",
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
          description: `Share of the connection limit of HAProxy. The alert HAProxyConnectionsNearLimit fires above ${formatThreshold("HAProxyConnectionsNearLimit")}.`,
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
          description:
            "Requests that wait in HAProxy for a server. If it is not 0 for long, there are too few servers.",
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
          description: "Per second: retried requests, on the same or another server, and failed health checks.",
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
          description: "Share of the time in which HAProxy is not idle. Near 1, every request is slow.",
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
          description:
            "Memory of the pools for buffers and connections. It grows with the connections and does not shrink.",
          kind: "timeseries",
          unit: "bytes",
          width: 12,
          min: 0,
          queries: [{ expr: `haproxy_process_pool_used_bytes{${proxy}}`, legend: "{{instance}}" }],
        },
        {
          title: "Time by server",
          description: "Mean of the last 1024 requests of HAProxy: time to connect, and time to the response.",
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
          description: "Open sessions, by server.",
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
