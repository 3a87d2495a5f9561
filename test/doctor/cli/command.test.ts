import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { suite, test } from "node:test";
import { z } from "zod";
import { runProgram } from "../../shared/run-program.ts";
import { cleanEnvironment, doctor, folderWith, main, report, spawned } from "../support/command-line.ts";
import * as valid from "../support/valid-configs.ts";

const shortReadTimeout = valid.nginx.replace("proxy_read_timeout 20s;", "proxy_read_timeout 10s;");
const largeBodySize = valid.nginx.replace("client_max_body_size 5m;", "client_max_body_size 50m;");

const haven = { HAVEN_DOCTOR_APPLICATION: "haven" };

suite("haven doctor", () => {
  test("the shipped configurations have no errors, no warnings and no unsupported parts", async () => {
    const { code, output } = await doctor(tmpdir(), ["--json"]);
    assert.deepEqual(report.parse(JSON.parse(output)), {
      findings: [],
      ignored: [],
      fixed: [],
      unknownSettings: [],
      notUnderstood: [],
    });
    assert.equal(code, 0);
  });

  test("the exit code is 0 without errors, 1 with errors, and 2 if a file could not be read", async () => {
    const env = "REQUEST_TIMEOUT_MS=15000\nLARGEST_UPLOAD=5m\n";
    const folder = folderWith({
      "good.conf": valid.nginx,
      "wide.conf": largeBodySize,
      "slow.conf": shortReadTimeout,
      "app.env": env,
    });
    const settings = ["--settings", "app.env"];
    assert.equal((await doctor(folder, ["--nginx", "good.conf", ...settings])).code, 0);
    assert.equal((await spawned(folder, ["--nginx", "wide.conf", ...settings])).code, 0);
    assert.equal((await spawned(folder, ["--nginx", "slow.conf", ...settings])).code, 1);
    assert.equal((await spawned(folder, ["--nginx", "slow.conf", "--haproxy", "nowhere.cfg"])).code, 2);
  });

  test("a usage error is explained, followed by the usage text, with exit code 64", async () => {
    const { code, output } = await spawned(tmpdir(), ["--ngnix", "x"]);
    assert.equal(code, 64);
    assert.match(output, /^doctor: .*'--ngnix'.*\nUsage: node dist\/main\.js doctor/);
    const cases: readonly (readonly [args: readonly string[], sentence: RegExp])[] = [
      [["nginx.conf"], /'nginx\.conf'/],
      [["--json", "--sarif"], /--json and --sarif exclude each other/],
      [["--max-connections", "many"], /--max-connections 'many' is not a whole number/],
      [["--max-connections", "100", "--max-connections", "200"], /--max-connections may be used only once/],
      [["--live", "http://127.0.0.1:1", "--live", "http://127.0.0.1:2"], /--live may be used only once/],
      [["--nginx"], /'--nginx <value>' argument missing/],
      [["--nginx", ""], /--nginx has no file name/],
      [["--settings", ""], /--settings has no file name/],
    ];
    for (const [args, sentence] of cases) {
      const result = await doctor(tmpdir(), args);
      assert.equal(result.code, 64, args.join(" "));
      assert.match(result.output, sentence);
      assert.match(result.output, /^doctor: [^\n]+\n$/);
    }
    assert.match((await doctor(tmpdir(), ["--help"])).output, /^Usage/);
  });

  test("--json reports each finding with its places, in the documented format", async () => {
    const folder = folderWith({ "nginx.conf": shortReadTimeout, ".env.app": "REQUEST_TIMEOUT_MS=12000\n" });
    const { output } = await doctor(folder, ["--nginx", "nginx.conf", "--settings", ".env.app", "--json"]);
    const { findings } = report.parse(JSON.parse(output));
    const [finding] = findings.filter(({ rule }) => rule === "deadline-request-longer-than-proxy");
    const line = shortReadTimeout.slice(0, shortReadTimeout.indexOf("proxy_read_timeout 10s")).split("\n").length;
    assert.deepEqual(finding?.locations, [
      { file: "nginx.conf", line },
      { file: ".env.app", line: 1 },
    ]);
    assert.match(finding?.detail ?? "", /proxy_read_timeout 10 s .*REQUEST_TIMEOUT_MS 12 s/);
  });

  test("--sarif prints every field that code scanning requires", async () => {
    const folder = folderWith({ "a folder/nginx.conf": shortReadTimeout });
    const args = ["--nginx", "a folder/nginx.conf", "--nginx", "nowhere", "--sarif"];
    const { output, code } = await doctor(folder, args, { REQUEST_TIMEOUT_MS: "15000" });
    assert.equal(code, 2);
    const physical = z.object({
      physicalLocation: z.object({
        artifactLocation: z.object({ uri: z.string().regex(/^[^\s\\]+$/) }),
        region: z.object({ startLine: z.int().min(1) }),
      }),
    });
    const text = z.object({ text: z.string().min(1) });
    const sarif = z.object({
      $schema: z.url(),
      version: z.literal("2.1.0"),
      runs: z.tuple([
        z.object({
          tool: z.object({
            driver: z.object({
              name: z.string(),
              rules: z.array(z.object({ id: z.string(), shortDescription: text, fullDescription: text, help: text })),
            }),
          }),
          results: z.array(
            z.object({
              ruleId: z.string(),
              ruleIndex: z.int().min(0),
              level: z.enum(["error", "warning"]),
              message: text,
              locations: z.array(physical).min(1),
            }),
          ),
          invocations: z.tuple([
            z.object({
              executionSuccessful: z.literal(false),
              toolExecutionNotifications: z.array(z.object({ message: text })).min(1),
            }),
          ]),
        }),
      ]),
    });
    const [{ tool, results }] = sarif.parse(JSON.parse(output)).runs;
    assert.ok(results.length > 0);
    for (const { ruleId, ruleIndex } of results) assert.equal(tool.driver.rules[ruleIndex]?.id, ruleId);
    assert.equal(results[0]?.locations[0]?.physicalLocation.artifactLocation.uri, "a%20folder/nginx.conf");
  });

  test("an unreadable file is reported in one sentence", async () => {
    const folder = folderWith({
      empty: "",
      binary: Buffer.from([1, 2, 0, 3]),
      picture: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
      huge: "#".repeat(5_000_000),
      "cut.conf": valid.nginx.slice(0, 400),
      "cut.yaml": "a: [1, 2\nb: {",
      "chart.yaml": "kind: Deployment\nreplicas: {{ .Values.replicas }}\n",
      "letter.txt": "Dear all,\n",
      "folder/nothing.txt": "",
    });
    const cases: readonly (readonly [args: readonly string[], sentence: RegExp])[] = [
      [["--nginx", "nowhere.conf"], /nowhere\.conf does not exist/],
      [["--nginx", "empty"], /empty is empty/],
      [["--nginx", "binary"], /is not text/],
      [["--compose", "picture"], /is not text/],
      [["--haproxy", "huge"], /is larger than 4 MB/],
      [["--nginx", "cut.conf"], /cut\.conf:\d+ (?:ends inside|has no)/],
      [["--k8s", "cut.yaml"], /cut\.yaml:\d+ is not valid YAML/],
      [["--k8s", "chart.yaml"], /chart\.yaml:2 is a Helm template/],
      [["--haproxy", "letter.txt"], /before any section/],
      [["--nginx", "letter.txt"], /letter\.txt has no `;`/],
      [["--k8s", "folder"], /is a folder without a YAML file/],
      [["--compose", "folder"], /is a folder, and a file is expected here/],
      [["--settings", "nowhere.env"], /does not exist/],
      [["--prometheus", "letter.txt"], /is not a Prometheus configuration/],
    ];
    for (const [args, sentence] of cases) {
      const { code, output } = await doctor(folder, args);
      assert.match(output, sentence, args.join(" "));
      assert.doesNotMatch(output, /^\s+at /m);
      assert.equal(code, 2, args.join(" "));
    }
  });

  test("--k8s - reads objects from standard input", async () => {
    const input = valid.kubernetes.replace("terminationGracePeriodSeconds: 60", "terminationGracePeriodSeconds: 20");
    const { code, output } = await spawned(tmpdir(), ["--k8s", "-", "--json"], input);
    const { findings } = report.parse(JSON.parse(output));
    assert.deepEqual(
      findings.map(({ rule, locations }) => [rule, locations[0]?.file]),
      [["grace-shorter-than-drain", "stdin"]],
    );
    assert.equal(code, 1);
  });

  test("the command exits with 0 if the program that reads its output closes the pipe early", async () => {
    const command = `"${process.execPath}" "${main}" doctor --k8s - --json | true; exit \${PIPESTATUS[0]}`;
    const { code, output } = await runProgram("bash", ["--norc", "-c", command], {
      env: cleanEnvironment,
      input: valid.kubernetes,
    });
    assert.deepEqual({ code, output }, { code: 0, output: "" });
  });

  test("settings from the environment are used, and an invalid one is reported", async () => {
    const folder = folderWith({ "nginx.conf": valid.nginx });
    const { output } = await doctor(folder, ["--nginx", "nginx.conf"], { KEEP_ALIVE_TIMEOUT_MS: "5000" });
    assert.match(output, /keep-alive-shorter-than-front/);
    assert.match(output, /5 s {2}KEEP_ALIVE_TIMEOUT_MS/);
    const invalid = await doctor(folder, ["--nginx", "nginx.conf"], { KEEP_ALIVE_TIMEOUT_MS: "5s" });
    assert.match(invalid.output, /KEEP_ALIVE_TIMEOUT_MS must be a whole number of milliseconds/);
    assert.equal(invalid.code, 0);
  });

  test("with several settings files the last one that sets a variable wins", async () => {
    const folder = folderWith({
      "nginx.conf": valid.nginx,
      "all.env": "KEEP_ALIVE_TIMEOUT_MS=80000\nREQUEST_TIMEOUT_MS=20000\n",
      "live.env": "KEEP_ALIVE_TIMEOUT_MS=5000\n",
    });
    const args = ["--nginx", "nginx.conf", "--settings", "all.env", "--settings", "live.env", "--json"];
    const { findings } = report.parse(JSON.parse((await doctor(folder, args)).output));
    assert.deepEqual(
      findings.map(({ rule, locations }) => [rule, locations.at(-1)]),
      [
        ["keep-alive-shorter-than-front", { file: "live.env", line: 1 }],
        ["deadline-request-longer-than-proxy", { file: "all.env", line: 2 }],
      ],
    );
  });

  test("a file in Latin-1 is read, and the report mentions the encoding", async () => {
    const folder = folderWith({ "nginx.conf": Buffer.from(`# one\n# f\u00fcr alle\n${largeBodySize}`, "latin1") });
    const { findings, notUnderstood } = report.parse(
      JSON.parse((await doctor(folder, ["--nginx", "nginx.conf", "--json"], haven)).output),
    );
    assert.deepEqual(
      findings.map(({ rule }) => rule),
      ["budget-body-too-large"],
    );
    assert.deepEqual(notUnderstood, [{ file: "nginx.conf", line: 2, text: "is not in UTF-8: it is read as Latin-1" }]);
  });

  test("an empty settings file is accepted", async () => {
    const folder = folderWith({ "nginx.conf": valid.nginx, ".env": "" });
    for (const file of [".env", "/dev/null"])
      assert.equal((await doctor(folder, ["--nginx", "nginx.conf", "--settings", file])).code, 0, file);
  });

  test("no line of the table is wider than 80 columns, and a pipe gets no colours", async () => {
    const folder = folderWith({
      "nginx.conf": shortReadTimeout.replace("limit_req_status 429;", ""),
      "api.yaml": valid.kubernetes.replace("60\n", "10\n"),
    });
    const { output } = await doctor(folder, ["--nginx", "nginx.conf", "--k8s", "api.yaml"]);
    assert.deepEqual(
      output.split("\n").filter((line) => line.length > 80),
      [],
    );
    assert.ok(!output.includes("\u001b"));
    assert.match(output, /\d errors?, \d warnings?\n$/);
  });

  test("--max-connections sets the limit that no file sets", async () => {
    const folder = folderWith({ "api.yaml": valid.kubernetes.replace('DB_POOL_MAX: "6"', 'DB_POOL_MAX: "20"') });
    assert.equal((await doctor(folder, ["--k8s", "api.yaml"])).code, 1);
    assert.equal((await doctor(folder, ["--k8s", "api.yaml", "--max-connections", "500"])).code, 0);
  });
});
