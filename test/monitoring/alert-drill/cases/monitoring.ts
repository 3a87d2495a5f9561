import type { Case } from "../case.ts";

const brokenRule = `groups:
  - name: fleet
    rules:
      - record: instance:alert_drill:sum
        expr: health_check_up + on (instance) health_check_up
`;

/** Alerts about Prometheus and Alertmanager. */
export const monitoringCases: readonly Case[] = [
  {
    alert: "TargetsMissing",
    fault: "the job of the instances has no targets",
    inject: ({ monitoring }) =>
      monitoring.edit("prometheus.yml", (text) => text.replace("job_name: haven-api", "job_name: haven")),
    steps: [
      { section: "TargetsMissing", output: /\["haven","api-server-1","up"/, finding: "must have the name `haven-api`" },
    ],
  },
  {
    alert: "MetricsMissing",
    fault: "Prometheus drops a metric that an alert needs",
    inject: ({ monitoring }) =>
      monitoring.edit("prometheus.yml", (text) =>
        text.replace(
          "    metrics_path: /metrics\n",
          "    metrics_path: /metrics\n    metric_relabel_configs:\n      - { source_labels: [__name__], regex: fleet_instances, action: drop }\n",
        ),
      ),
    steps: [
      {
        section: "MetricsMissing",
        output: /fleet_instances: [1-9]\d* of the instance, 0 in Prometheus/,
        finding: "`metric_relabel_configs`",
      },
    ],
  },
  {
    alert: "PrometheusReloadFailed",
    fault: "the configuration has a mistake",
    inject: ({ monitoring }) => monitoring.edit("prometheus.yml", (text) => `${text}\nscrape_confgs: []\n`),
    steps: [{ section: "PrometheusReloadFailed", output: /scrape_confgs/, finding: "names the file and the line" }],
  },
  {
    alert: "RulesFailing",
    fault: "a rule joins series that are not unique",
    inject: ({ monitoring }) => monitoring.edit("rules/fleet.yml", () => brokenRule),
    steps: [{ section: "RulesFailing", output: /many-to-many/, finding: "`many-to-many`" }],
  },
  {
    alert: "AlertmanagerDown",
    fault: "Alertmanager has stopped",
    async inject({ monitoring }) {
      await monitoring.programs.alertmanager.stop();
      return () => monitoring.programs.alertmanager.start();
    },
    steps: [{ section: "AlertmanagerDown", output: /alertmanager exited/, finding: "start it" }],
  },
  {
    alert: "AlertsNotDelivered",
    fault: "the secret of a receiver is missing",
    pendingBeforeFault: true,
    withinMs: 90_000,
    async inject(stage) {
      await stage.instance("api-server-3").database.set("refuse");
      return () => stage.instance("api-server-3").database.set("pass");
    },
    steps: [{ section: "AlertsNotDelivered", output: /no such file/, finding: "`no such file`" }],
  },
  {
    alert: "Watchdog",
    fault: "Alertmanager has stopped, so that the Watchdog alert does not arrive",
    pendingBeforeFault: true,
    async inject({ monitoring }) {
      await monitoring.programs.alertmanager.stop();
      return () => monitoring.programs.alertmanager.start();
    },
    steps: [{ section: "Watchdog", output: /9093.*(?:refused|connect)/i, finding: "A service does not answer" }],
  },
];
