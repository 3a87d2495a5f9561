import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { doctor, folderWith, report } from "../support/command-line.ts";
import { diagnoseTexts, rulesIn } from "../support/diagnose.ts";
import * as valid from "../support/valid-configs.ts";

const shop = `services:
  shop:
    image: shop:1.0
    ports: ["80:80"]
    stop_grace_period: 20s
    environment: { DATABASE_URL: "postgres://db/shop" }
`;
const site = "upstream shop { server shop:80; keepalive 16; }\nserver { location / { proxy_pass http://shop; } }\n";

suite("the defaults of Haven are not assumed for other applications", () => {
  test("missing settings are reported in one note for each file", () => {
    const { findings, unknownSettings } = diagnoseTexts({ compose: shop, nginx: site }, {}, "unknown");
    assert.deepEqual(
      findings.filter(({ severity }) => severity === "error"),
      [],
    );
    assert.deepEqual(
      unknownSettings.map(({ file, settings }) => [file, settings]),
      [
        ["compose.yml", ["DRAIN_DELAY_MS", "DRAIN_LINGER_MS", "REQUEST_TIMEOUT_MS"]],
        ["nginx.conf", ["LARGEST_UPLOAD"]],
      ],
    );
    assert.ok(unknownSettings.every(({ rules, line }) => rules.length > 0 && line > 0));
  });

  test("the defaults of Haven are assumed for a file that sets a variable of Haven", () => {
    const haven = shop.replace("DATABASE_URL", 'DRAIN_DELAY_MS: "8000", DATABASE_URL');
    assert.ok(rulesIn(diagnoseTexts({ compose: haven }, {}, "unknown")).includes("grace-shorter-than-drain"));
  });

  test("a setting that a file sets is compared, and a missing setting is not", () => {
    const settings = "KEEP_ALIVE_TIMEOUT_MS=5000\n";
    const { findings, unknownSettings } = diagnoseTexts({ compose: shop, nginx: site, settings }, {}, "unknown");
    assert.deepEqual(
      findings.filter(({ severity }) => severity === "error").map(({ rule }) => rule),
      ["keep-alive-shorter-than-front"],
    );
    assert.ok(unknownSettings.some(({ file }) => file === "compose.yml"));
  });

  test("the reports name the file and the settings", async () => {
    const folder = folderWith({ "docker-compose.yml": shop });
    const table = (await doctor(folder, ["."])).output.replaceAll(/\s+/g, " ");
    assert.match(table, /Needs settings of the application docker-compose\.yml:5 not compared with DRAIN_DELAY_MS/);
    const { output, code } = await doctor(folder, [".", "--json"]);
    const [entry] = report.parse(JSON.parse(output)).unknownSettings;
    assert.deepEqual(entry?.rules, ["grace-shorter-than-drain"]);
    assert.equal(code, 0);
    assert.match((await doctor(folder, [".", "--sarif"])).output, /not compared with DRAIN/);
  });
});

test("a finding that is based on an assumption is a warning of medium confidence", () => {
  const probe = "livenessProbe: { httpGet: { path: /readyz, port: 80 }, initialDelaySeconds: 30 }";
  const text = valid.kubernetes
    .replace(/livenessProbe:\n.*\n.*\n.*\n/, `${probe}\n`)
    .replace(/ {2}(?:KEEP_ALIVE|DRAIN|HEALTH)\w+: .*\n/g, "");
  const found = diagnoseTexts({ kubernetes: text }, {}, "unknown").findings.find(
    ({ rule }) => rule === "trap-liveness-asks-dependencies",
  );
  assert.deepEqual([found?.severity, found?.confidence], ["warning", "medium"]);
});
