// Counts the responses of NGINX by status for Prometheus, from the lines that NGINX sends by syslog (nginx/variants/status-counts.conf).
// Needs Node and nothing else: node nginx-log-exporter.js. Environment: HOST (127.0.0.1), METRICS_PORT (9114), SYSLOG_PORT (5140).
import { createSocket } from "node:dgram";
import { createServer } from "node:http";

const { HOST: host = "127.0.0.1", METRICS_PORT: metricsPort = "9114", SYSLOG_PORT: syslogPort = "5140" } = process.env;

/**
 * The number of responses, by source and status. The series of failures start at 0, because Prometheus counts the first
 * failure as an increase only if the series had a value before.
 */
const responses = new Map(["429", "502", "503", "504"].map((status) => [seriesOf("nginx", status), 0]));
let malformed = 0;

/**
 * Counts one line. Its `header` has, for each attempt, the time until an instance had sent its headers, or `-` if it sent
 * none. It is empty if there was no attempt.
 */
function count(line) {
  const [, status, header] = /\{"status":"(\d{1,3})","header":"([\d., :-]*)"\}$/.exec(line) ?? [];
  if (status === undefined) {
    malformed += 1;
    return;
  }
  // The last attempt decides: without headers of an instance, the response is NGINX's own.
  const source = /\d$/.test(header) ? "instance" : "nginx";
  const series = seriesOf(source, status);
  responses.set(series, (responses.get(series) ?? 0) + 1);
}

function seriesOf(source, status) {
  return `nginx_http_responses_total{source="${source}",status="${status}"}`;
}

const metrics = () =>
  [
    "# HELP nginx_http_responses_total Responses to clients, of an instance or of NGINX itself.",
    "# TYPE nginx_http_responses_total counter",
    ...[...responses].map(([series, value]) => `${series} ${value}`),
    "# HELP nginx_log_malformed_lines_total Lines that are not in the format of status-counts.conf.",
    "# TYPE nginx_log_malformed_lines_total counter",
    `nginx_log_malformed_lines_total ${malformed}`,
    "",
  ].join("\n");

const syslog = createSocket("udp4").on("message", (message) => count(message.toString("latin1").trimEnd()));
syslog.bind(Number(syslogPort), host);
const server = createServer((request, response) => {
  const isMetrics = request.url === "/metrics";
  response.writeHead(isMetrics ? 200 : 404, { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" });
  response.end(isMetrics ? metrics() : "");
});
server.listen(Number(metricsPort), host);
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, () => {
    syslog.close();
    server.close();
    server.closeAllConnections();
  });
}
