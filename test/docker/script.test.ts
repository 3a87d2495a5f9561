import assert from "node:assert/strict";
import { appendFileSync, existsSync, globSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { readConfig } from "../../src/config/read-config.ts";
import { without } from "../shared/programs.ts";
import { runProgram } from "../shared/run-program.ts";
import { bindsOf, layouts, read, settingsIn, settingsOf, variablesOf } from "./compose-files.ts";
import { createSandbox, root, working } from "./sandbox.ts";

test("shellcheck reports no problem", { skip: without("shellcheck") }, async () => {
  const scripts = globSync("docker/**/*.sh", { cwd: root });
  assert.equal(scripts.length, 2);
  assert.deepEqual(await runProgram("shellcheck", scripts, { cwd: root }), { code: 0, output: "" });
  for (const script of scripts) assert.ok(statSync(join(root, script)).mode & 0o100, script);
});

test("help lists every command", async () => {
  const sandbox = createSandbox();
  for (const word of ["help", "--help", "-h"]) {
    const { code, output } = await sandbox.run(word);
    assert.equal(code, 0);
    for (const command of "setup start start-scaled stop status logs test roll backup restore clean".split(" "))
      assert.match(output, new RegExp(`^  ${command} `, "m"));
  }
  assert.equal(sandbox.calls(), "");
});

test("an unknown command or option is rejected, and nothing is done", async () => {
  const sandbox = createSandbox();
  for (const args of [
    [],
    ["begin"],
    ["start", "3"],
    ["start-scaled", "many"],
    ["start-scaled", "1", "2"],
    ["roll", "--fast"],
    ["clean", "--all"],
    ["backup", "a", "b"],
    ["backup", "--help"],
    ["restore"],
    ["restore", "a", "b"],
  ]) {
    const { code, output } = await sandbox.run(...args);
    assert.equal(code, 64, args.join(" "));
    assert.match(output, /^Usage: /);
  }
  assert.equal(sandbox.calls(), "");
});

test("missing requirements are reported", async () => {
  for (const [fake, message] of [
    [undefined, /docker is missing; see https:\/\/docs\.docker\.com/],
    [{ daemon: true }, /docker has no 'compose'/],
    [{ composeVersion: "v2.23.3", daemon: true }, /docker compose is 2\.23\.3; 2\.24 or newer is needed/],
    [{ composeVersion: "2.24.0-1", daemon: false }, /the Docker daemon does not answer/],
    [{ composeVersion: "5.0.1", daemon: true }, /there are no secrets yet; run: .*load-balancer-setup\.sh setup/],
  ] as const) {
    const sandbox = fake === undefined ? createSandboxWithoutDocker() : createSandbox(fake);
    for (const args of [
      ["start"],
      ["start-scaled", "5"],
      ["stop"],
      ["roll"],
      ["backup"],
      ["restore", "a.dump"],
      ["logs"],
      ["clean", "--yes"],
    ]) {
      const { code, output } = await sandbox.run(...args);
      assert.equal(code, 1, output);
      assert.match(output, message, args.join(" "));
    }
    assert.ok(!/compose --file/.test(sandbox.calls()));
  }
});

const createSandboxWithoutDocker = () => {
  const sandbox = createSandbox();
  rmSync(sandbox.file("bin/docker"));
  return sandbox;
};

test("more instances than Postgres has connections for are rejected", async () => {
  for (const count of ["0", "11"]) {
    const { code, output } = await createSandbox().run("start-scaled", count);
    assert.equal(code, 1);
    assert.match(output, /1 to 10 instances/);
  }
});

test("clean asks for confirmation; without a terminal it stops the services and deletes nothing", async () => {
  const sandbox = createSandbox();
  assert.equal((await sandbox.run("setup")).code, 0);
  const { code, output } = await sandbox.run("clean");
  assert.equal(code, 0, output);
  assert.match(output, /data is still there/);
  assert.match(sandbox.calls(), /down --remove-orphans/);
  assert.doesNotMatch(sandbox.calls(), /--volumes/);
});

suite("setup", { skip: without("openssl") }, () => {
  test("secrets are random, readable by their owner only, and sufficient for a start", async () => {
    const [sandbox, other] = [createSandbox(), createSandbox()];
    const { code, output } = await sandbox.run("setup");
    assert.equal(code, 0, output);
    await other.run("setup");
    assert.equal(sandbox.mode("docker/.env"), "600");
    const secrets = settingsIn(sandbox.text("docker/.env"));
    const others = settingsIn(other.text("docker/.env"));
    const values = [...Object.values(secrets), ...Object.values(others)];
    assert.equal(new Set(values).size, values.length);
    for (const layout of layouts) {
      const { services } = read(layout, secrets);
      const [instance] = Object.values(services);
      assert.ok(instance && services["migrate"]);
      const config = readConfig(settingsOf(instance, sandbox.file("docker")));
      assert.ok(config.production);
      assert.equal(config.auth.secret, secrets["JWT_SECRET"]);
      assert.equal(config.redis.target?.password, secrets["REDIS_PASSWORD"]);
      // Each secret is required by the compose file, or is in a file.
      const inFiles = Object.values(settingsOf(instance, sandbox.file("docker")));
      for (const [name, value] of Object.entries(secrets))
        assert.ok(variablesOf(layout).required.has(name) || inFiles.includes(value), name);
      const owner = new URL(settingsOf(services["migrate"], sandbox.file("docker"))["DATABASE_URL"] ?? "");
      assert.deepEqual([owner.username, owner.password], ["haven", secrets["HAVEN_DB_PASSWORD"]]);
      assert.equal(config.health.opsToken, sandbox.text("monitoring/secrets/ops_token"));
    }
    // The output contains no secret.
    for (const value of values) assert.ok(!output.includes(value));
  });

  test("setup creates every mounted file", async () => {
    const sandbox = createSandbox();
    await sandbox.run("setup");
    for (const layout of layouts)
      for (const [name, service] of Object.entries(read(layout).services))
        for (const { source } of bindsOf(service))
          assert.ok(
            [sandbox.file("docker"), join(root, "docker")].some((folder) => existsSync(join(folder, source))),
            `${name} ${source}`,
          );
    // Every user may read the files, because the user in the container varies. The mode of the folder protects the files.
    assert.deepEqual(
      [sandbox.mode("monitoring/secrets"), sandbox.mode("monitoring/secrets/ops_token")],
      ["700", "644"],
    );
    assert.deepEqual(
      [sandbox.mode("docker/ssl"), sandbox.mode("docker/ssl/key.pem"), sandbox.mode("docker/ssl/haven.pem")],
      ["700", "600", "600"],
    );
    assert.deepEqual(
      [
        sandbox.mode("docker/secrets"),
        sandbox.mode("docker/secrets/serve"),
        sandbox.mode("docker/secrets/serve/jwt_secret"),
      ],
      ["700", "755", "644"],
    );
    const pem = sandbox.text("docker/ssl/haven.pem");
    assert.equal(pem, sandbox.text("docker/ssl/cert.pem") + sandbox.text("docker/ssl/key.pem"));
    const shown = await runProgram("openssl", [
      "x509",
      "-noout",
      "-ext",
      "subjectAltName",
      "-in",
      sandbox.file("docker/ssl/cert.pem"),
    ]);
    assert.match(shown.output, /DNS:localhost, IP Address:127\.0\.0\.1/);
  });

  test("setup overwrites nothing, and adds missing files", async () => {
    const sandbox = createSandbox();
    await sandbox.run("setup");
    const [secrets, certificate] = [sandbox.text("docker/.env"), sandbox.text("docker/ssl/cert.pem")];
    assert.equal((await sandbox.run("setup")).code, 0);
    assert.deepEqual([sandbox.text("docker/.env"), sandbox.text("docker/ssl/cert.pem")], [secrets, certificate]);
    writeFileSync(
      sandbox.file("docker/.env"),
      secrets.replace(/^REDIS_PASSWORD=.*\n/m, "").replace(/^JWT_SECRET=.*/m, "JWT_SECRET="),
    );
    const refused = await sandbox.run("start");
    assert.match(refused.output, /REDIS_PASSWORD is missing in .*\.env/);
    await sandbox.run("setup");
    const { JWT_SECRET, REDIS_PASSWORD, ...kept } = settingsIn(sandbox.text("docker/.env"));
    const { JWT_SECRET: _, REDIS_PASSWORD: __, ...before } = settingsIn(secrets);
    assert.deepEqual(kept, before);
    assert.match(`${JWT_SECRET} ${REDIS_PASSWORD}`, /^[0-9a-f]{64} [0-9a-f]{64}$/);
    rmSync(sandbox.file("docker/ssl/key.pem"));
    const withoutKey = await sandbox.run("setup");
    assert.equal(withoutKey.code, 1);
    assert.match(withoutKey.output, /only one of cert\.pem and key\.pem/);
  });

  test("an existing .env keeps its lines, even a last line without a line break", async () => {
    const sandbox = createSandbox();
    writeFileSync(sandbox.file("docker/.env"), "HTTP_PORT=8080\nJWT_SECRET=");
    assert.equal((await sandbox.run("setup")).code, 0);
    const { HTTP_PORT, JWT_SECRET } = settingsIn(sandbox.text("docker/.env"));
    assert.equal(HTTP_PORT, "8080");
    assert.match(JWT_SECRET ?? "", /^[0-9a-f]{64}$/);
    assert.equal(sandbox.mode("docker/.env"), "600");
  });

  test("setup works in its own folder, even if it is called through a symbolic link", async () => {
    const sandbox = createSandbox();
    symlinkSync("docker/load-balancer-setup.sh", sandbox.file("load-balancer-setup.sh"));
    const { code, output } = await runProgram(sandbox.file("load-balancer-setup.sh"), ["setup"], { env: sandbox.env });
    assert.equal(code, 0, output);
    assert.ok(existsSync(sandbox.file("docker/.env")) && !existsSync(sandbox.file(".env")));
  });

  test("if a database already has passwords, setup generates no new passwords", async () => {
    const sandbox = createSandbox({ ...working, volumes: true });
    const { code, output } = await sandbox.run("setup");
    assert.equal(code, 1);
    assert.match(output, /haven_postgres-data.* keeps the passwords/);
    assert.match(output, /docker compose --project-name haven down --volumes$/m);
    assert.ok(!existsSync(sandbox.file("docker/.env")));
  });
});

suite("start", { skip: without("openssl") || without("awk") }, () => {
  test("NGINX gets the newer files for its version, and a file that is set in .env takes precedence", async () => {
    const sandbox = createSandbox({
      ...working,
      answers: `
  "run --rm --network none "*" sh nginx:1."*" /etc/haven/newer.sh")
    echo "# NGINX 1.30.6"
    echo "cp newer/http2-from-1.25.1.conf haven/http2.conf"
    echo "cp newer/keepalive-from-1.27.4.conf haven/keepalive.conf" ;;
  *" up --detach "*) echo "$NGINX_HTTP2 $NGINX_KEEPALIVE" >> "$sandbox/files" ;;
`,
    });
    await sandbox.run("setup");
    const started = await sandbox.run("start");
    assert.equal(started.code, 0, started.output);
    appendFileSync(sandbox.file("docker/.env"), "NGINX_HTTP2=haven/http2.conf\n");
    await sandbox.run("start");
    assert.deepEqual(sandbox.text("files").split("\n").slice(0, 2), [
      "newer/http2-from-1.25.1.conf newer/keepalive-from-1.27.4.conf",
      "haven/http2.conf newer/keepalive-from-1.27.4.conf",
    ]);
  });
});
