import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { doctor, folderWith, report } from "../support/command-line.ts";
import * as valid from "../support/valid-configs.ts";

const wrong = `server {
  listen 80;
  add_header X-Frame-Options DENY;
  location / {
    proxy_set_header Host: $host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_pass http://10.0.0.1:4000;
  }
}
`;

suite("--fail-on", () => {
  const warning = wrong.replace("Host:", "Host");
  test("sets the lowest severity with which the exit code is 1; with never it is 0", async () => {
    const folder = folderWith({ "wrong/nginx.conf": wrong, "warning/nginx.conf": warning });
    const codeOf = async (path: string, ...args: string[]) => (await doctor(folder, [path, ...args])).code;
    assert.deepEqual(
      [
        await codeOf("wrong"),
        await codeOf("warning"),
        await codeOf("warning", "--fail-on", "warning"),
        await codeOf("wrong", "--fail-on", "never"),
      ],
      [1, 0, 1, 0],
    );
    assert.equal(await codeOf("wrong", "--fail-on", "info"), 64);
  });
});

suite("formats", () => {
  const run = async (format: string, ...args: string[]) =>
    doctor(folderWith({ "a, b/nginx.conf": wrong }), [".", "--format", format, ...args]);

  test("github prints one annotation per finding, with escaped properties", async () => {
    const lines = (await run("github")).output.trim().split("\n");
    assert.equal(lines.length, 2);
    assert.match(lines[0] ?? "", /^::error file=a%2C b\/nginx\.conf,line=5,title=trap-header-colon%3A [^:]+::/);
    assert.match(lines[1] ?? "", /^::warning file=/);
  });

  test("junit counts the findings that fail the run", async () => {
    const { output } = await run("junit");
    assert.match(
      output,
      /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites name="haven doctor" tests="2" failures="1">/,
    );
    assert.match(output, /<failure type="error" message="[^"]+">/);
    assert.doesNotMatch(output.replaceAll(/&(?:amp|lt|gt|quot);/g, ""), /&/);
    assert.match((await run("junit", "--fail-on", "warning")).output, /failures="2"/);
  });

  test("markdown is a table with a row per finding", async () => {
    const { output } = await run("markdown");
    assert.match(output, /^### haven doctor: 1 errors, 1 warnings\n/);
    assert.equal(
      output.split("\n").filter((line) => line.startsWith("| error") || line.startsWith("| warning")).length,
      2,
    );
  });

  test("sarif marks ignored findings as suppressed, with the reason", async () => {
    const text = wrong.replace("listen 80;", "# haven-doctor: ignore trap-nginx-header-not-always internal");
    const { output } = await doctor(folderWith({ "nginx.conf": text }), [".", "--format", "sarif"]);
    const [{ results }] = JSON.parse(output).runs;
    const suppressed = results.filter((one: { suppressions?: unknown }) => one.suppressions !== undefined);
    assert.deepEqual(suppressed[0].suppressions, [{ kind: "inSource", justification: "internal" }]);
  });

  test("an unknown format is a usage error", async () => {
    assert.equal((await run("html")).code, 64);
  });
});

suite("--fix", () => {
  test("writes safe changes, reports them, and leaves the rest of the file unchanged", async () => {
    const budget = "apiVersion: autoscaling/v2beta2\nkind: HorizontalPodAutoscaler\nmetadata: { name: api }\n";
    const prometheus = "global:\n  scrape_interval: 15s\n  scrape_timeout: 20s # long\n";
    const compose = valid.compose.replace("stop_grace_period: 45s", "stop_grace_period: 12s");
    const uploads = wrong.replace("listen 80;", "listen 80;\n  client_max_body_size 5m;");
    const folder = folderWith({
      "nginx.conf": uploads,
      "hpa.yaml": budget,
      "prometheus.yml": prometheus,
      "compose.yml": compose,
    });
    const { output, code } = await doctor(folder, [".", "--fix", "--json"]);
    const { findings, fixed } = report.parse(JSON.parse(output));
    assert.deepEqual(
      findings.filter(({ severity }) => severity === "error"),
      [],
    );
    assert.equal(code, 0);
    assert.deepEqual(fixed.map(({ rule }) => rule).sort(), [
      "budget-scrape-timeout",
      "grace-shorter-than-drain",
      "trap-header-colon",
      "trap-kubernetes-removed-api",
      "trap-nginx-header-not-always",
    ]);
    const read = (name: string) => readFileSync(`${folder}/${name}`, "utf8");
    assert.equal(read("nginx.conf"), uploads.replace("Host:", "Host").replace("DENY;", "DENY always;"));
    assert.equal(read("hpa.yaml"), budget.replace("v2beta2", "v2"));
    assert.equal(read("prometheus.yml"), prometheus.replace("20s", "15s"));
    assert.match(read("compose.yml"), /stop_grace_period: 38s/);
  });

  test("leaves a value unchanged if it is written in another form than expected, such as in quotes", async () => {
    const quoted = "global:\n  scrape_interval: 15s\n  scrape_timeout: '20s'\n";
    const folder = folderWith({ "prometheus.yml": quoted });
    assert.equal((await doctor(folder, [".", "--fix"])).code, 1);
    assert.equal(readFileSync(`${folder}/prometheus.yml`, "utf8"), quoted);
  });
});

suite("explain RULE", () => {
  test("prints the condition, the impact, the fix and an example", async () => {
    const { output, code } = await doctor(folderWith({}), ["explain", "drain-check-blind"]);
    assert.equal(code, 0);
    for (const part of ["drain-check-blind", "- Condition:", "- Impact:", "- Fix:", "```diff", "haven-doctor: ignore"])
      assert.ok(output.includes(part), part);
  });

  test("proposes rules with a similar name", async () => {
    const { output, code } = await doctor(folderWith({}), ["explain", "check-blind"]);
    assert.equal(code, 64);
    assert.match(output, /'check-blind' is not a rule: perhaps drain-check-blind/);
  });
});
