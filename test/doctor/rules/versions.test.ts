import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { holdsIn, parseVersion, versionFacts } from "../../../src/doctor/facts/versions.ts";
import { diagnoseTexts, type Texts } from "../support/diagnose.ts";

const find = (rule: string, texts: Texts) => diagnoseTexts(texts).findings.find((one) => one.rule === rule);

suite("versions", () => {
  test("a version is read from a tag; a major version alone does not count as a version", () => {
    assert.deepEqual(["1.29", "v3.5.0", "1.27.3-alpine", "1", "latest", "mainline"].map(parseVersion), [
      [1, 29],
      [3, 5, 0],
      [1, 27, 3],
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("a fact applies from its version on; without a version, the oldest and the newest version are considered", () => {
    const at = { file: "x", line: 1 };
    const holds = (version: string) => holdsIn(versionFacts.nginxSticky, { version: parseVersion(version) ?? [], at });
    assert.deepEqual(["1.29.5", "1.29.6", "1.30.0", "1.9.9"].map(holds), ["no", "yes", "yes", "no"]);
    assert.equal(holdsIn(versionFacts.nginxSticky, undefined), "depends");
    assert.equal(holdsIn(versionFacts.haproxyNoReqrep, undefined), "yes");
  });
});

const sticky = (comment: string) =>
  `${comment}upstream api {\n  zone api 64k;\n  server api:4000;\n  sticky cookie srv;\n}\nserver { location / { proxy_pass http://api; } }\n`;
const compose = (tag: string) =>
  `services:\n  proxy:\n    image: nginx:${tag}\n  api:\n    image: api:1.0\n    expose: ["4000"]\n`;

suite("a finding depends on the version", () => {
  test("without a known version it is a warning that names the versions for which it holds", () => {
    const found = find("trap-nginx-foreign-directive", { nginx: sticky("") });
    assert.equal(found?.severity, "warning");
    assert.match(found?.message ?? "", /This holds for nginx before 1\.29\.6\./);
  });

  test("the version comes from a comment", () => {
    assert.equal(find("trap-nginx-foreign-directive", { nginx: sticky("# for nginx 1.28\n") })?.severity, "error");
    assert.equal(find("trap-nginx-foreign-directive", { nginx: sticky("# for nginx 1.30\n") }), undefined);
  });

  test("the version comes from the tag of an image in the same run", () => {
    const texts = (tag: string) => ({ nginx: sticky(""), compose: compose(tag) });
    assert.equal(find("trap-nginx-foreign-directive", texts("1.28-alpine"))?.severity, "error");
    assert.equal(find("trap-nginx-foreign-directive", texts("1.31.0")), undefined);
    assert.equal(find("trap-nginx-foreign-directive", texts("alpine"))?.severity, "warning");
  });

  test("upstreams without keepalive keep idle connections from nginx 1.29.7 on", () => {
    const nginx = "upstream api { server api:4000; }\nserver { location / { proxy_pass http://api; } }\n";
    const settings = "KEEP_ALIVE_TIMEOUT_MS=5000\n";
    const rule = "keep-alive-shorter-than-front";
    const unknown = find(rule, { nginx, settings });
    assert.equal(unknown?.severity, "warning");
    assert.match(unknown?.message ?? "", /nginx 1\.29\.7 and later/);
    assert.equal(find(rule, { nginx, settings, compose: compose("1.30.1") })?.severity, "error");
    assert.equal(find(rule, { nginx, settings, compose: compose("1.28.0") }), undefined);
  });

  test("the proposed fix is available in the version", () => {
    const rule = "trap-nginx-name-resolved-once";
    const nginx = sticky("").replace("  sticky cookie srv;\n", "");
    assert.match(find(rule, { nginx, compose: compose("1.30.1") })?.fix ?? "", /server api:4000 resolve;/);
    assert.match(find(rule, { nginx, compose: compose("1.26.0") })?.fix ?? "", /proxy_pass \$api/);
  });
});
