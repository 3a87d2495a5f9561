import assert from "node:assert/strict";
import { chmodSync, cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";
import { readConfig } from "../../src/config/read-config.ts";
import { atEnd } from "../shared/at-end.ts";
import { without } from "../shared/programs.ts";
import { runProgram } from "../shared/run-program.ts";
import { schemaErrorsOf } from "../support/kubernetes/kubernetes-schema-errors.ts";
import { parseObjects, render } from "../support/kubernetes/kustomize.ts";
import { environmentOf, havenPod } from "../support/kubernetes/pods.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "haven-scripts-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("shellcheck reports no problem", { skip: without("shellcheck") }, async () => {
  const scripts = globSync("k8s/**/*.sh", { cwd: root });
  assert.ok(scripts.length >= 2);
  assert.deepEqual(await runProgram("shellcheck", scripts, { cwd: root }), { code: 0, output: "" });
});

test("the rules for the Prometheus Operator are generated from monitoring/", async () => {
  const generated = await runProgram("k8s/monitoring/make-prometheus-rule.sh", [], { cwd: root });
  assert.equal(generated.code, 0, generated.output);
  const shipped = readFileSync(join(root, "k8s/monitoring/prometheus-rule.yaml"), "utf8");
  assert.equal(shipped, generated.output, "run npm run monitoring");
});

test("the rules for the Prometheus Operator equal those in monitoring/", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "monitoring/rules"), { recursive: true });
  cpSync(join(root, "k8s/monitoring"), join(folder, "k8s/monitoring"), { recursive: true });
  const rules = (name: string, indent: string) =>
    [
      "# What this is about: a comment at the top, and one below.",
      "groups:",
      "# and one here",
      `${indent}- name: ${name}`,
      `${indent}  interval: 15s`,
      `${indent}  rules:`,
      `${indent}    - alert: Slow`,
      `${indent}      expr: |`,
      `${indent}        histogram_quantile(0.95, sum by (le) (rate(x[5m])))`,
      "",
      `${indent}          > 1`,
      `${indent}      annotations: { summary: "{{ $value }}: #1" }`,
    ].join("\n");
  writeFileSync(join(folder, "monitoring/rules/a.yml"), rules("a", "  "));
  writeFileSync(join(folder, "monitoring/rules/b.yaml"), rules("b", ""));
  writeFileSync(join(folder, "monitoring/prometheus.yml"), "global: {}\n");
  writeFileSync(join(folder, "monitoring/rules/a.test.yml"), "rule_files: [a.yml]\ntests: []\n");
  const generated = await runProgram("sh", [join(folder, "k8s/monitoring/make-prometheus-rule.sh")]);
  const [object] = parseObjects(generated.output);
  assert.ok(object);
  assert.deepEqual(schemaErrorsOf(object), []);
  const groups = [rules("a", "  "), rules("b", "")].flatMap((text) => parse(text).groups);
  assert.deepEqual(Reflect.get(Object(object["spec"]), "groups"), groups);
});

test("Postgres in kind gets its roles from the same script as with Docker", () => {
  const [map] = parseObjects(readFileSync(join(root, "k8s/overlays/local/create-haven.yaml"), "utf8"));
  const shipped = readFileSync(join(root, "docker/postgres/create-haven.sh"), "utf8");
  assert.deepEqual(map?.["data"], { "create-haven.sh": shipped });
});

test("the server starts with the secrets for kind, which are random and created only once", {
  skip: without("kubectl"),
}, async () => {
  const folder = temporaryFolder();
  // Replaces kubectl: records the secrets that the script creates, and finds them afterwards.
  writeFileSync(
    join(folder, "kubectl"),
    `#!/bin/sh
case "$*" in
  "create -f -") cat > "${folder}/created.yaml" ;;
  *"get secret haven-api-secret"*) [ ! -e "${folder}/created.yaml" ] || echo secret/haven-api-secret ;;
  "apply -f "*) test -f "$3" ;;
  *) exit 1 ;;
esac
`,
  );
  chmodSync(join(folder, "kubectl"), 0o755);
  const makeSecrets = (...args: string[]) =>
    runProgram(join(root, "k8s/overlays/local/make-secrets.sh"), args, {
      env: { ...process.env, PATH: `${folder}:${process.env["PATH"]}` },
    });
  const read = () => readFileSync(join(folder, "created.yaml"), "utf8");

  const first = await makeSecrets();
  assert.equal(first.code, 0, first.output);
  const created = read();
  const again = await makeSecrets();
  assert.equal(again.code, 0, again.output);
  assert.equal(read(), created);
  rmSync(join(folder, "created.yaml"));
  await makeSecrets();
  assert.notEqual(read(), created);
  assert.equal((await makeSecrets("--help")).code, 64);

  const secrets = parseObjects(created);
  for (const secret of secrets) assert.deepEqual(schemaErrorsOf(secret), []);
  const data = new Map(secrets.map((secret) => [secret.metadata.name, stringMap.parse(secret["stringData"])]));
  const objects = render("overlays/local");
  const config = readConfig({ ...environmentOf(havenPod(objects), objects), ...data.get("haven-api-secret") });
  const local = data.get("haven-local-secret");
  const served = new URL(config.postgres.url ?? "");
  assert.deepEqual(
    [served.hostname, served.username, served.password],
    ["postgres", "haven_app", local?.["HAVEN_APP_DB_PASSWORD"]],
  );
  const migrated = new URL(data.get("haven-api-migrate-secret")?.["DATABASE_URL"] ?? "");
  assert.deepEqual(
    [migrated.hostname, migrated.username, migrated.password],
    ["postgres", "haven", local?.["HAVEN_DB_PASSWORD"]],
  );
  const passwords = ["POSTGRES_PASSWORD", "HAVEN_DB_PASSWORD", "HAVEN_APP_DB_PASSWORD"].map((name) => local?.[name]);
  assert.equal(new Set(passwords).size, passwords.length);
  const redis = new URL(config.redis.target?.kind === "url" ? config.redis.target.url : "");
  assert.deepEqual([redis.hostname, redis.password], ["redis", data.get("haven-local-secret")?.["REDIS_PASSWORD"]]);
  for (const service of ["postgres", "redis"])
    assert.ok(objects.some(({ kind, metadata }) => kind === "Service" && metadata.name === service));
});

const stringMap = z.record(z.string(), z.string());
