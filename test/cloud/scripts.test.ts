import assert from "node:assert/strict";
import { chmodSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { atEnd } from "../shared/at-end.ts";
import { without } from "../shared/programs.ts";
import { runProgram } from "../shared/run-program.ts";
import { configFromCloud } from "../support/cloud.ts";
import { parseTemplate, unconditional } from "../support/cloudformation.ts";
import { probeKindOf } from "../support/probe-kinds.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const alb = "cloud/aws/alb.sh";
const gcp = "cloud/gcp/load-balancer.sh";
const forAws = {
  VPC_ID: "vpc-1",
  SUBNETS: "subnet-1 subnet-2",
  CERTIFICATE_ARN: "arn:aws:acm:eu-west-1:1:certificate/it's",
  ALARM_TOPIC_ARN: "arn:aws:sns:eu-west-1:1:alarms",
};
const forGcp = {
  PROJECT: "project",
  NETWORK: "default",
  INSTANCE_GROUP: "haven",
  ZONE: "europe-west1-b",
  DOMAIN: "api.example.com",
};

let folder: string;

/** Creates fake CLIs that record their arguments and print a name. */
before(() => {
  folder = mkdtempSync(join(tmpdir(), "haven-cloud-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ["aws", "gcloud"]) {
    writeFileSync(
      join(folder, name),
      `#!/bin/sh
{ printf '%s' ${name}; for word in "$@"; do printf '\\t%s' "$word"; done; echo; } >> "${folder}/commands"
echo made/$#
`,
    );
    chmodSync(join(folder, name), 0o755);
  }
});

async function run(script: string, env: Record<string, string>, ...args: string[]) {
  rmSync(join(folder, "commands"), { force: true });
  const result = await runProgram(join(root, script), args, {
    env: { PATH: `${folder}:${process.env["PATH"]}`, ...env },
  });
  return { ...result, commands: globSync("commands", { cwd: folder }).length === 0 ? [] : recordedCommands() };
}

const recordedCommands = () =>
  readFileSync(join(folder, "commands"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"));

type Command = readonly string[];

/** Finds the only command with these words, and the values of its options (--name VALUE or --name=VALUE). */
function findCommand(commands: readonly Command[], ...words: string[]) {
  const found = commands.filter((one) => words.every((word) => one.includes(word)));
  const [match = []] = found;
  assert.equal(found.length, 1, words.join(" "));
  return (name: string): string[] => {
    const joined = match.find((word) => word.startsWith(`--${name}=`));
    if (joined !== undefined) return [joined.slice(name.length + 3)];
    const start = match.indexOf(`--${name}`) + 1;
    assert.ok(start > 0, `${words.join(" ")} has no --${name}`);
    const end = match.findIndex((word, index) => index >= start && word.startsWith("--"));
    return match.slice(start, end === -1 ? undefined : end);
  };
}

test("shellcheck reports no problem", { skip: without("shellcheck") }, async () => {
  const scripts = globSync("cloud/**/*.sh", { cwd: root });
  assert.ok(scripts.length >= 2);
  assert.deepEqual(await runProgram("shellcheck", scripts, { cwd: root }), { code: 0, output: "" });
});

for (const [script, env] of [
  [alb, forAws],
  [gcp, forGcp],
] as const) {
  test(`${script} prints its commands with shell quoting, and runs none`, async () => {
    const printed = await run(script, env);
    assert.equal(printed.code, 0, printed.output);
    assert.deepEqual(printed.commands, []);
    const { commands } = await run(script, env, "--apply");
    // Words that name a created resource differ between both runs. The printed commands may lack the last command,
    // which reads the address.
    const replay = await runProgram("sh", ["-eu"], { input: printed.output, env: { PATH: `${folder}:/usr/bin:/bin` } });
    assert.equal(replay.code, 0, replay.output);
    const replayedCommands = recordedCommands().slice(commands.length);
    const withoutResourceNames = (list: readonly Command[]) =>
      list.map((words) => words.filter((word) => !/made\/|[A-Z]_|GROUP|_ARN/.test(word)));
    assert.deepEqual(
      withoutResourceNames(replayedCommands),
      withoutResourceNames(commands.slice(0, replayedCommands.length)),
    );
    assert.ok(replayedCommands.length >= commands.length - 1);
  });

  test(`${script} reports missing variables, and rejects unknown arguments`, async () => {
    for (const name of Object.keys(env).filter((one) => one !== "ALARM_TOPIC_ARN")) {
      const { code, output, commands } = await run(script, { ...env, [name]: "" }, "--apply");
      assert.deepEqual([code, commands], [64, []]);
      assert.match(output, new RegExp(`^Required: ${name}$`, "m"));
    }
    assert.equal((await run(script, env, "--aply")).code, 64);
    assert.equal((await run(script, {}, "--help")).code, 0);
  });
}

test("alb.sh creates the resources of alb.yaml", async () => {
  const { commands, output } = await run(alb, forAws, "--apply");
  const { Resources, Outputs } = parseTemplate(readFileSync(join(root, "cloud/aws/alb.yaml"), "utf8"));
  const group = findCommand(commands, "create-target-group");
  const groupProperties = z.record(z.string(), z.unknown()).parse(Resources["TargetGroup"]?.Properties);
  for (const [option, property] of [
    ["name", "Name"],
    ["target-type", "TargetType"],
    ["protocol", "Protocol"],
    ["protocol-version", "ProtocolVersion"],
    ["health-check-path", "HealthCheckPath"],
    ["health-check-port", "HealthCheckPort"],
    ["health-check-protocol", "HealthCheckProtocol"],
    ["health-check-interval-seconds", "HealthCheckIntervalSeconds"],
    ["health-check-timeout-seconds", "HealthCheckTimeoutSeconds"],
    ["healthy-threshold-count", "HealthyThresholdCount"],
    ["unhealthy-threshold-count", "UnhealthyThresholdCount"],
  ] as const)
    assert.deepEqual(group(option), [String(groupProperties[property])], option);
  const config = configFromCloud(String(Outputs["Environment"]?.Value));
  assert.deepEqual(group("port"), [String(config.http.port)]);
  assert.ok(output.includes(String(Outputs["Environment"]?.Value)));

  const attributes = z.array(z.object({ Key: z.string(), Value: z.unknown() }));
  const pairs = (list: unknown) =>
    attributes.parse(list).map(({ Key, Value }) => `Key=${Key},Value=${typeof Value === "string" ? Value : "true"}`);
  assert.deepEqual(
    findCommand(commands, "modify-target-group-attributes")("attributes"),
    pairs(groupProperties["TargetGroupAttributes"]),
  );
  assert.deepEqual(
    findCommand(commands, "modify-load-balancer-attributes")("attributes"),
    pairs(unconditional(Resources["LoadBalancer"]?.Properties["LoadBalancerAttributes"])),
  );
  assert.deepEqual(findCommand(commands, "create-load-balancer")("subnets"), ["subnet-1", "subnet-2"]);
  assert.deepEqual(findCommand(commands, "create-listener", "443")("ssl-policy"), [
    Resources["HttpsListener"]?.Properties["SslPolicy"],
  ]);
});

test("alb.sh turns on access logs if ACCESS_LOG_BUCKET is set", async () => {
  const attributes = async (env: Record<string, string>) =>
    (await run(alb, { ...forAws, ...env }, "--apply")).commands
      .filter((words) => words.includes("modify-load-balancer-attributes"))
      .flat()
      .filter((word) => word.includes("access_logs"));
  assert.deepEqual(await attributes({}), []);
  assert.deepEqual(await attributes({ ACCESS_LOG_BUCKET: "logs" }), [
    "Key=access_logs.s3.enabled,Value=true",
    "Key=access_logs.s3.bucket,Value=logs",
  ]);
});

test("alb.sh registers the addresses in TARGETS, and registers none without TARGETS", async () => {
  const { commands } = await run(alb, { ...forAws, TARGETS: "10.0.0.4 10.0.0.5" }, "--apply");
  assert.deepEqual(findCommand(commands, "register-targets")("targets"), [
    "Id=10.0.0.4,Port=4000",
    "Id=10.0.0.5,Port=4000",
  ]);
  const withoutTargets = await run(alb, forAws, "--apply");
  assert.ok(!withoutTargets.commands.some((words) => words.includes("register-targets")));
});

test("alb.sh creates the alarms of alb.yaml, with the number of errors instead of their share", async () => {
  const { commands } = await run(alb, forAws, "--apply");
  const { Resources } = parseTemplate(readFileSync(join(root, "cloud/aws/alb.yaml"), "utf8"));
  const alarms = Object.values(Resources).filter(({ Type }) => Type === "AWS::CloudWatch::Alarm");
  assert.equal(commands.filter((words) => words.includes("put-metric-alarm")).length, alarms.length);
  for (const { Properties: properties } of alarms.filter(({ Properties }) => "MetricName" in Properties)) {
    const alarm = findCommand(commands, "put-metric-alarm", String(properties["MetricName"]));
    for (const [option, property] of [
      ["namespace", "Namespace"],
      ["period", "Period"],
      ["comparison-operator", "ComparisonOperator"],
      ["threshold", "Threshold"],
      ["evaluation-periods", "EvaluationPeriods"],
      ["treat-missing-data", "TreatMissingData"],
    ] as const)
      assert.deepEqual(alarm(option), [String(properties[property])], `${properties["MetricName"]} ${option}`);
    assert.equal(alarm("dimensions").length, z.array(z.unknown()).parse(properties["Dimensions"]).length);
  }
});

test("the timeouts and paths of the Google Cloud load balancer match the application", async () => {
  const { commands, output } = await run(gcp, forGcp, "--apply");
  const settings = /^# (KEEP_ALIVE_TIMEOUT_MS=.*)$/m.exec(output)?.[1] ?? "";
  const config = configFromCloud(settings.replace(/made\/\d+$/, "203.0.113.1"));
  const check = findCommand(commands, "health-checks", "create");
  const seconds = (option: string) => Number(/^(\d+)s?$/.exec(check(option)[0] ?? "")?.[1]);
  assert.deepEqual(check("port"), [String(config.http.port)]);
  assert.equal(probeKindOf(check("request-path")[0] ?? "", config.health.paths), "ready");
  assert.ok(config.health.timeoutMs < seconds("timeout") * 1000 && seconds("timeout") < seconds("check-interval"));
  const detectedMs = (seconds("check-interval") * seconds("unhealthy-threshold") + seconds("timeout")) * 1000;
  assert.ok(config.drain.delayMs >= detectedMs);

  const backend = findCommand(commands, "backend-services", "create");
  assert.deepEqual(backend("load-balancing-scheme"), ["EXTERNAL_MANAGED"]);
  assert.deepEqual(backend("session-affinity"), ["NONE"]);
  assert.ok(
    Number.parseInt(backend("connection-draining-timeout")[0] ?? "", 10) * 1000 >= config.http.requestTimeoutMs,
  );
  assert.ok(Number.parseInt(backend("timeout")[0] ?? "", 10) * 1000 > config.http.requestTimeoutMs);
  // The load balancer keeps connections for 600 s, which cannot be changed.
  assert.ok(config.http.keepAliveTimeoutMs > 600_000);
  const ranges = findCommand(commands, "firewall-rules", "create")("source-ranges")[0]?.split(",") ?? [];
  assert.deepEqual(config.http.trustProxy, [...ranges, "203.0.113.1"]);
  assert.deepEqual(findCommand(commands, "ssl-policies", "create")("min-tls-version"), ["1.2"]);
});

test("affinity on Google Cloud can be set to a cookie only", async () => {
  const { commands } = await run(gcp, { ...forGcp, AFFINITY: "cookie" }, "--apply");
  const backend = findCommand(commands, "backend-services", "create");
  assert.deepEqual(backend("session-affinity"), ["GENERATED_COOKIE"]);
  assert.deepEqual(backend("locality-lb-policy"), ["RING_HASH"]);
  assert.ok(Number(backend("affinity-cookie-ttl")[0]) > 0);
  assert.equal((await run(gcp, { ...forGcp, AFFINITY: "CLIENT_IP" })).code, 64);
});
