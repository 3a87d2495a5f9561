import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { doctor, folderWith, report } from "../support/command-line.ts";

const site = (line: string) => `server {
  listen 80;
  ${line}
  add_header X-Frame-Options DENY;
  location / {
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_pass http://10.0.0.1:4000;
  }
}
`;
const rule = "trap-nginx-header-not-always";

async function run(files: Readonly<Record<string, string>>, ...args: string[]) {
  const { output, code } = await doctor(folderWith(files), [".", "--json", ...args]);
  const { findings, ignored, notUnderstood } = report.parse(JSON.parse(output));
  return {
    rules: findings.map((one) => one.rule),
    ignored,
    notes: notUnderstood.map(({ text }) => text),
    code,
    findings,
  };
}

suite("an ignore in a comment", () => {
  test("applies to the next line that is not a comment, and keeps its reason", async () => {
    const { rules, ignored } = await run({
      "nginx.conf": site(`# haven-doctor: ignore ${rule} error pages are static\n  # and another comment`),
    });
    assert.deepEqual(rules, []);
    assert.deepEqual(
      ignored.map((one) => [one.rule, one.by, one.reason]),
      [[rule, "comment", "error pages are static"]],
    );
  });

  test("applies to its own line after a directive", async () => {
    const text = site("").replace("DENY;", `DENY; # haven-doctor: ignore ${rule} known`);
    assert.deepEqual((await run({ "nginx.conf": text })).rules, []);
  });

  test("does not apply to another line, to another rule, or without a reason", async () => {
    for (const comment of [
      `# haven-doctor: ignore ${rule} known\n  server_name other;`,
      "# haven-doctor: ignore trap-nginx-no-zone known",
      `# haven-doctor: ignore ${rule}`,
    ])
      assert.deepEqual((await run({ "nginx.conf": site(comment) })).rules, [rule], comment);
    const { notes } = await run({ "nginx.conf": site(`# haven-doctor: ignore ${rule}`) });
    assert.match(notes.join("\n"), /has no reason, so it is not applied/);
    const withTypo = await run({ "nginx.conf": site("# haven-doctor: ignore trap-nginx-nothing known") });
    assert.match(withTypo.notes.join("\n"), /ignore trap-nginx-nothing: unknown rule/);
  });

  test("applies to the whole file with ignore-file", async () => {
    const text = `# haven-doctor: ignore-file ${rule} internal tool\n${site("")}`;
    assert.deepEqual((await run({ "nginx.conf": text })).rules, []);
  });

  test("works in YAML, in HAProxy and in JSON", async () => {
    const compose =
      "services:\n  api:\n    image: api:latest # haven-doctor: ignore trap-compose-image-tag built nightly\n    restart: always\n    ports: ['80:80']\n";
    const haproxy =
      "global\n  maxconn 10\ndefaults\n  mode http\n  timeout connect 1s\n  timeout client 9s\n  timeout server 9s\nfrontend web\n  bind :80\n  # haven-doctor: ignore trap-header-colon legacy client\n  http-request set-header X-A: b\n  default_backend api\nbackend api\n  server app1 10.0.0.1:80\n";
    const railway =
      '{\n  "//": "haven-doctor: ignore trap-platform-no-health-path a worker",\n  "deploy": { "startCommand": "node ." }\n}\n';
    const found = await run({ "compose.yml": compose, "haproxy.cfg": haproxy, "railway.json": railway });
    assert.deepEqual(found.rules, []);
    assert.equal(found.ignored.length, 3);
  });

  test("applies only to the image on its own line", async () => {
    const compose =
      "services:\n  api:\n    image: api:latest # haven-doctor: ignore trap-compose-image-tag built nightly\n    restart: always\n    ports: ['80:80']\n  cache:\n    image: redis\n";
    const { findings } = await run({ "compose.yml": compose });
    assert.deepEqual(
      findings.map((one) => [one.rule, one.locations]),
      [["trap-compose-image-tag", [{ file: "compose.yml", line: 7 }]]],
    );
  });
});

suite(".haven-doctor.yaml", () => {
  const nginx = { "nginx.conf": site("") };

  test("turns rules off and on, and sets severities", async () => {
    assert.deepEqual((await run({ ...nginx, ".haven-doctor.yaml": `rules: { ${rule}: off }\n` })).rules, []);
    const strict = await run({ ...nginx, ".haven-doctor.yaml": `severities: { ${rule}: error }\n` });
    assert.deepEqual([strict.rules, strict.code], [[rule], 1]);
    const appended = site("").replace("X-Forwarded-For $remote_addr", "X-Forwarded-For $proxy_add_x_forwarded_for");
    const withOptionalRule = await run({
      "nginx.conf": appended,
      ".haven-doctor.yaml": "rules: { trap-forwarded-for-appended: on }\n",
    });
    assert.ok(withOptionalRule.rules.includes("trap-forwarded-for-appended"));
  });

  test("ignores a finding until the day on which the ignore expires", async () => {
    const ignore = (expires: string, file = "'*.conf'") =>
      `ignores: [{ rule: ${rule}, file: ${file}, reason: behind the CDN, expires: ${expires} }]\n`;
    assert.deepEqual((await run({ ...nginx, ".haven-doctor.yaml": ignore("2999-01-01") })).rules, []);
    const expired = await run({ ...nginx, ".haven-doctor.yaml": ignore("2020-01-01") });
    assert.deepEqual(expired.rules, [rule]);
    assert.match(expired.notes.join("\n"), /expired on 2020-01-01/);
    assert.deepEqual((await run({ ...nginx, ".haven-doctor.yaml": ignore("2999-01-01", "other.conf") })).rules, [rule]);
  });

  test("maps settings to the variables of another application", async () => {
    const compose = (environment: string) =>
      `services:\n  shop:\n    image: shop:1.0\n    restart: always\n    ports: ['80:80']\n    environment: ${environment}\n`;
    const nginxWithPool =
      "upstream shop { zone shop 64k; server 10.0.0.1:80; keepalive 8; }\nserver {\n  location / {\n    proxy_set_header Host $host;\n    proxy_set_header X-Forwarded-For $remote_addr;\n    proxy_pass http://shop;\n  }\n}\n";
    const mapping = "settings: { KEEP_ALIVE_TIMEOUT_MS: { variable: SERVER_IDLE, unit: s } }\n";
    const files = (seconds: string) => ({
      "compose.yml": compose(`{ SERVER_IDLE: "${seconds}" }`),
      "nginx.conf": nginxWithPool,
      ".haven-doctor.yaml": mapping,
    });
    assert.deepEqual((await run(files("5"))).rules, ["keep-alive-shorter-than-front"]);
    assert.deepEqual((await run(files("75"))).rules, []);
    const nested = {
      ...files("75"),
      "app.yaml": "server: { idle: 5s }\n",
      ".haven-doctor.yaml": "settings: { KEEP_ALIVE_TIMEOUT_MS: { variable: server.idle } }\n",
    };
    assert.deepEqual((await run(nested, "--settings", "app.yaml")).rules, ["keep-alive-shorter-than-front"]);
  });

  test("is rejected if it has a mistake: the report names the place, and the exit code is 2", async () => {
    for (const [text, sentence] of [
      ["rule: {}\n", /Unrecognized key: "rule"/],
      ["rules: { trap-nginx-nothing: off }\n", /rules/],
      [`ignores: [{ rule: ${rule} }]\n`, /ignores\.0\.reason/],
      ["versions: { nginx: newest }\n", /versions\.nginx: is not a version/],
    ] as const) {
      const { notes, code } = await run({ ...nginx, ".haven-doctor.yaml": text });
      assert.match(notes.join("\n"), sentence);
      assert.equal(code, 2);
    }
  });
});

test("findings in the baseline stay ignored when their lines move, and new findings are reported", async () => {
  const folder = folderWith({ "nginx.conf": site("") });
  const wrote = await doctor(folder, [".", "--write-baseline", "known.json", "--fail-on", "warning"]);
  assert.equal(wrote.code, 0);
  const { writeFileSync } = await import("node:fs");
  const judge = async () => {
    const { output, code } = await doctor(folder, [".", "--baseline", "known.json", "--fail-on", "warning", "--json"]);
    return [report.parse(JSON.parse(output)).findings.map((one) => one.rule), code];
  };
  assert.deepEqual(await judge(), [[], 0]);
  writeFileSync(`${folder}/nginx.conf`, `# moved\n\n${site("")}`);
  assert.deepEqual(await judge(), [[], 0]);
  writeFileSync(`${folder}/nginx.conf`, site("proxy_next_upstream error http_500;"));
  assert.deepEqual(await judge(), [["trap-nginx-retry-status"], 1]);
});
