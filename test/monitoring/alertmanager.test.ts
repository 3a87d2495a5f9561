import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { z } from "zod";
import { eventually } from "../shared/eventually.ts";
import { without } from "../shared/programs.ts";
import { ask, postJson } from "../shared/requests/http.ts";
import { runProgram } from "../shared/run-program.ts";
import { addresses, noNamespaceReason, runNamed, scratchFolder } from "./host-names.ts";
import { alerts, config, folder } from "./monitoring-files.ts";

const file = `${folder}alertmanager.yml`;
const amtool = { skip: without("amtool") };

test("amtool accepts the configuration", amtool, async () => {
  const { code, output } = await runProgram("amtool", ["check-config", file]);
  assert.equal(code, 0, output);
});

test("the severity determines the receiver", amtool, async () => {
  const receiverOf = async (...labels: string[]) => {
    const { output } = await runProgram("amtool", ["config", "routes", "test", `--config.file=${file}`, ...labels]);
    return output.replace(/^Warning.*$/gm, "").trim();
  };
  assert.equal(await receiverOf("alertname=PostgresDown", "severity=critical"), "on-call");
  assert.equal(await receiverOf("alertname=LoadUneven", "severity=warning"), "team");
  assert.equal(await receiverOf("alertname=Watchdog", "severity=none"), "dead-mans-switch");
});

const inhibitions = z.object({
  inhibit_rules: z.array(z.object({ source_matchers: z.array(z.string()), target_matchers: z.array(z.string()) })),
});

test("every alert in the configuration exists, and the configuration contains no secret", () => {
  const configuration = config("alertmanager.yml");
  const known = new Set(alerts.map(({ alert }) => alert));
  const { inhibit_rules: rules } = inhibitions.parse(configuration);
  for (const matcher of rules.flatMap((rule) => [...rule.source_matchers, ...rule.target_matchers])) {
    const [, names] = /^alertname!?=~?"([^"]+)"$/.exec(matcher) ?? [];
    for (const name of names?.split("|") ?? []) assert.ok(known.has(name), name);
  }
  assert.doesNotMatch(JSON.stringify(configuration), /"(api_url|routing_key|service_key|url|auth_password|password)":/);
});

type Labels = Readonly<Record<string, string>>;

const instance1 = { instance: "api-server-1" };
const instance2 = { instance: "api-server-2" };

/** Pairs of alerts that fire together. The cause is sent. The alert that follows from it is inhibited if `silent` is true. */
const pairs: readonly { cause: Labels; follows: Labels; silent: boolean }[] = [
  {
    cause: { alertname: "InstanceDown", ...instance1 },
    follows: { alertname: "LatencyP99High", ...instance1 },
    silent: true,
  },
  {
    cause: { alertname: "InstanceDown", ...instance1 },
    follows: { alertname: "LatencyP99High", ...instance2 },
    silent: false,
  },
  {
    cause: { alertname: "InstanceDown", ...instance1 },
    follows: { alertname: "InstanceDown", ...instance2 },
    silent: false,
  },
  { cause: { alertname: "InstanceDown", ...instance1 }, follows: { alertname: "PostgresDown" }, silent: false },
  {
    cause: { alertname: "InstanceIsOutlier", ...instance1 },
    follows: { alertname: "InstanceNotReady", ...instance1 },
    silent: true,
  },
  {
    cause: { alertname: "InstanceIsOutlier", ...instance1 },
    follows: { alertname: "InstanceNotReady", ...instance2 },
    silent: false,
  },
  { cause: { alertname: "PostgresDown" }, follows: { alertname: "NoInstanceReady" }, silent: true },
  { cause: { alertname: "PostgresDown" }, follows: { alertname: "InstanceNotReady", ...instance1 }, silent: true },
  { cause: { alertname: "PostgresDown" }, follows: { alertname: "AvailabilityBudgetBurnsFast" }, silent: true },
  {
    cause: { alertname: "PostgresDown" },
    follows: { alertname: "HealthCheckFailing", check: "postgres", ...instance1 },
    silent: true,
  },
  {
    cause: { alertname: "PostgresDown" },
    follows: { alertname: "HealthCheckFailing", check: "redis", ...instance1 },
    silent: false,
  },
  {
    cause: { alertname: "PostgresDown" },
    follows: { alertname: "CircuitBreakerStaysOpen", name: "postgres", ...instance1 },
    silent: true,
  },
  { cause: { alertname: "PostgresDown" }, follows: { alertname: "RedisDown" }, silent: false },
  { cause: { alertname: "PostgresDown" }, follows: { alertname: "MemoryHigh", ...instance1 }, silent: false },
  { cause: { alertname: "PostgresDown" }, follows: { alertname: "HAProxyServerDown", job: "haproxy" }, silent: true },
  {
    cause: { alertname: "RedisDown" },
    follows: { alertname: "CircuitBreakerOpened", name: "redis", ...instance1 },
    silent: true,
  },
  {
    cause: { alertname: "PostgresDown" },
    follows: { alertname: "HealthCheckFailing", check: "postgres:write", ...instance1 },
    silent: true,
  },
  {
    cause: { alertname: "PostgresDown" },
    follows: { alertname: "CircuitBreakerStaysOpen", name: "postgres:write", ...instance1 },
    silent: true,
  },
  {
    cause: { alertname: "PostgresDown" },
    follows: { alertname: "PostgresReadOnly" },
    silent: true,
  },
  {
    cause: { alertname: "RedisDown" },
    follows: { alertname: "CircuitBreakerStaysOpen", name: "redis:write", ...instance1 },
    silent: true,
  },
  {
    cause: { alertname: "RedisDown" },
    follows: { alertname: "RedisRefusesWrites" },
    silent: true,
  },
  {
    cause: { alertname: "PostgresReadOnly" },
    follows: { alertname: "HealthCheckFailing", check: "postgres:write", ...instance1 },
    silent: true,
  },
  {
    cause: { alertname: "PostgresReadOnly" },
    follows: { alertname: "CircuitBreakerStaysOpen", name: "postgres:write", ...instance1 },
    silent: true,
  },
  {
    cause: { alertname: "PostgresReadOnly" },
    follows: { alertname: "AvailabilityBudgetBurnsFast" },
    silent: true,
  },
  {
    cause: { alertname: "PostgresCommitsStalled" },
    follows: { alertname: "HealthCheckFailing", check: "postgres:write", ...instance1 },
    silent: true,
  },
  {
    cause: { alertname: "PostgresCommitsStalled" },
    follows: { alertname: "CircuitBreakerStaysOpen", name: "postgres:write", ...instance1 },
    silent: true,
  },
  {
    cause: { alertname: "PostgresCommitsStalled" },
    follows: { alertname: "AvailabilityBudgetBurnsFast" },
    silent: true,
  },
  {
    cause: { alertname: "RedisRefusesWrites" },
    follows: { alertname: "HealthCheckFailing", check: "redis:write", ...instance1 },
    silent: true,
  },
  {
    cause: { alertname: "RedisRefusesWrites" },
    follows: { alertname: "CircuitBreakerStaysOpen", name: "redis:write", ...instance1 },
    silent: true,
  },
  {
    cause: { alertname: "RedisRefusesWrites" },
    follows: { alertname: "AvailabilityBudgetBurnsFast" },
    silent: true,
  },
  {
    cause: { alertname: "PostgresReadOnly" },
    follows: { alertname: "HealthCheckFailing", check: "postgres", ...instance1 },
    silent: false,
  },
  {
    cause: { alertname: "PostgresReadOnly" },
    follows: { alertname: "CircuitBreakerStaysOpen", name: "redis:write", ...instance1 },
    silent: false,
  },
  {
    cause: { alertname: "PostgresReadOnly" },
    follows: { alertname: "NoInstanceReady" },
    silent: false,
  },
  {
    cause: { alertname: "PostgresCommitsStalled" },
    follows: { alertname: "NoInstanceReady" },
    silent: false,
  },
  {
    cause: { alertname: "RedisRefusesWrites" },
    follows: { alertname: "NoInstanceReady" },
    silent: false,
  },
  {
    cause: { alertname: "PostgresDown" },
    follows: { alertname: "HealthCheckFailing", check: "tables", ...instance1 },
    silent: true,
  },
  {
    cause: { alertname: "PostgresReadOnly" },
    follows: { alertname: "RedisRefusesWrites" },
    silent: false,
  },
  { cause: { alertname: "RedisDown" }, follows: { alertname: "NoInstanceReady" }, silent: false },
  { cause: { alertname: "NoInstanceReady" }, follows: { alertname: "TooFewInstancesReady" }, silent: true },
  { cause: { alertname: "TargetsMissing" }, follows: { alertname: "NoInstanceReady" }, silent: true },
  { cause: { alertname: "HAProxyDown", job: "haproxy" }, follows: { alertname: "NoTraffic" }, silent: true },
  {
    cause: { alertname: "LatencyBudgetBurnsFast" },
    follows: { alertname: "LatencyBudgetBurnsSlowly" },
    silent: true,
  },
  {
    cause: { alertname: "LatencyBudgetBurnsFast" },
    follows: { alertname: "AvailabilityBudgetBurnsSlowly" },
    silent: false,
  },
  {
    cause: { alertname: "CircuitBreakerStaysOpen", name: "redis", ...instance1 },
    follows: { alertname: "CircuitBreakerOpened", name: "redis", ...instance1 },
    silent: true,
  },
  {
    cause: { alertname: "CircuitBreakerStaysOpen", name: "redis", ...instance1 },
    follows: { alertname: "CircuitBreakerOpened", name: "postgres", ...instance1 },
    silent: false,
  },
];

const alertsAnswer = z.array(
  z.object({
    labels: z.record(z.string(), z.string()),
    status: z.object({ inhibitedBy: z.array(z.string()), state: z.string() }),
  }),
);

const skip = noNamespaceReason || without("prometheus-alertmanager");

test("of alerts that fire together, only the cause is sent", { skip }, async () => {
  const scratch = scratchFolder();
  cpSync(file, join(scratch, "alertmanager.yml"));
  const url = `http://${addresses.alertmanager}:9093`;
  const program = runNamed(scratch, "prometheus-alertmanager", [
    "--config.file=alertmanager.yml",
    "--storage.path=data",
    `--web.listen-address=${addresses.alertmanager}:9093`,
    "--cluster.listen-address=",
  ]);
  await eventually(
    () =>
      ask(`${url}/-/ready`).then(
        ({ status }) => status,
        () => program.output(),
      ),
    (seen) => seen === 200,
    10_000,
  );
  // Each pair has its own `job`, like a fleet of its own: all rules except the two about HAProxy require the same job.
  const labelsOf = (labels: Labels, number: number): Labels => {
    const rule = alerts.find(({ alert }) => alert === labels["alertname"]);
    assert.ok(rule, `there is no alert ${labels["alertname"]}`);
    return { job: "haven-api", ...rule.labels, ...labels, ...(hasOwnFleet(number) ? { job: `fleet-${number}` } : {}) };
  };
  const hasOwnFleet = (number: number) =>
    ![pairs[number]?.cause, pairs[number]?.follows].some((instance1) => instance1?.["job"]);
  const findings: string[] = [];
  for (const withOwnFleet of [true, false]) {
    const selectedPairs = pairs
      .map((pair, number) => ({ ...pair, number }))
      .filter(({ number }) => hasOwnFleet(number) === withOwnFleet);
    const fired = selectedPairs.flatMap(({ cause, follows, number }) => [
      labelsOf(cause, number),
      labelsOf(follows, number),
    ]);
    assert.equal(
      (
        await postJson(
          `${url}/api/v2/alerts`,
          fired.map((labels) => ({ labels })),
        )
      ).status,
      200,
    );
    const find = async (labels: Labels) =>
      alertsAnswer
        .parse((await ask(`${url}/api/v2/alerts`)).json())
        .find((alert) => Object.entries(labels).every(([name, value]) => alert.labels[name] === value));
    const silenced = async (labels: Labels) => ((await find(labels))?.status.inhibitedBy.length ?? -1) > 0;
    // First wait for the alerts that have to be inhibited, because Alertmanager needs time to process every cause.
    for (const { follows, number } of selectedPairs.filter(({ silent }) => silent)) {
      await eventually(() => silenced(labelsOf(follows, number)), Boolean).catch(() =>
        findings.push(`${JSON.stringify(follows)} is notified`),
      );
    }
    for (const { follows, number } of selectedPairs.filter(({ silent }) => !silent)) {
      if (await silenced(labelsOf(follows, number))) findings.push(`${JSON.stringify(follows)} is not notified`);
    }
  }
  assert.deepEqual(findings, []);
});
