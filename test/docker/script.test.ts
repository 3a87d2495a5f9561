import assert from "node:assert/strict";
import { appendFileSync, existsSync, globSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { readConfig } from "../../src/config/read-config.ts";
import { without } from "../shared/programs.ts";
import { runProgram } from "../shared/run-program.ts";
import { bindsOf, layouts, read, settingsIn, settingsOf, variablesOf } from "./compose-files.ts";
import { makePlace, root, working } from "./sandbox.ts";

test("shellcheck reports no problem", { skip: without("shellcheck") }, async () => {
  const scripts = globSync("docker/**/*.sh", { cwd: root });
  assert.equal(scripts.length, 2);
  assert.deepEqual(await runProgram("shellcheck", scripts, { cwd: root }), { code: 0, output: "" });
  for (const script of scripts) assert.ok(statSync(join(root, script)).mode & 0o100, script);
});

test("help lists every command", async () => {
  const place = makePlace();
  for (const word of ["help", "--help", "-h"]) {
    const { code, output } = await place.run(word);
    assert.equal(code, 0);
    for (const command of "setup start start-scaled stop status logs test roll backup restore clean".split(" "))
      assert.match(output, new RegExp(`^  ${command} `, "m"));
  }
  assert.equal(place.calls(), "");
});

test("an unknown command or option is rejected, and nothing is done", async () => {
  const place = makePlace();
  for (const words of [
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
    const { code, output } = await place.run(...words);
    assert.equal(code, 64, words.join(" "));
    assert.match(output, /^Usage: /);
  }
  assert.equal(place.calls(), "");
});

test("missing requirements are reported", async () => {
  for (const [fake, message] of [
    [undefined, /docker is missing; see https:\/\/docs\.docker\.com/],
    [{ daemon: true }, /docker has no 'compose'/],
    [{ composeVersion: "v2.23.3", daemon: true }, /docker compose is 2\.23\.3; 2\.24 or newer is needed/],
    [{ composeVersion: "2.24.0-1", daemon: false }, /the Docker daemon does not answer/],
    [{ composeVersion: "5.0.1", daemon: true }, /there are no secrets yet; run: .*load-balancer-setup\.sh setup/],
  ] as const) {
    const place = fake === undefined ? makePlaceWithoutDocker() : makePlace(fake);
    for (const words of [
      ["start"],
      ["start-scaled", "5"],
      ["stop"],
      ["roll"],
      ["backup"],
      ["restore", "a.dump"],
      ["logs"],
      ["clean", "--yes"],
    ]) {
      const { code, output } = await place.run(...words);
      assert.equal(code, 1, output);
      assert.match(output, message, words.join(" "));
    }
    assert.ok(!/compose --file/.test(place.calls()));
  }
});

const makePlaceWithoutDocker = () => {
  const place = makePlace();
  rmSync(place.file("bin/docker"));
  return place;
};

test("more instances than Postgres has connections for are rejected", async () => {
  for (const count of ["0", "11"]) {
    const { code, output } = await makePlace().run("start-scaled", count);
    assert.equal(code, 1);
    assert.match(output, /1 to 10 instances/);
  }
});

test("clean asks for confirmation; without a terminal it stops the services and deletes nothing", async () => {
  const place = makePlace();
  assert.equal((await place.run("setup")).code, 0);
  const { code, output } = await place.run("clean");
  assert.equal(code, 0, output);
  assert.match(output, /data is still there/);
  assert.match(place.calls(), /down --remove-orphans/);
  assert.doesNotMatch(place.calls(), /--volumes/);
});

suite("setup", { skip: without("openssl") }, () => {
  test("secrets are random, readable by their owner only, and sufficient for a start", async () => {
    const [place, other] = [makePlace(), makePlace()];
    const { code, output } = await place.run("setup");
    assert.equal(code, 0, output);
    await other.run("setup");
    assert.equal(place.mode("docker/.env"), "600");
    const secrets = settingsIn(place.text("docker/.env"));
    const others = settingsIn(other.text("docker/.env"));
    const values = [...Object.values(secrets), ...Object.values(others)];
    assert.equal(new Set(values).size, values.length);
    for (const layout of layouts) {
      const { services } = read(layout, secrets);
      const [instance] = Object.values(services);
      assert.ok(instance && services["migrate"]);
      const config = readConfig(settingsOf(instance, place.file("docker")));
      assert.ok(config.production);
      assert.equal(config.auth.secret, secrets["JWT_SECRET"]);
      assert.equal(config.redis.target?.password, secrets["REDIS_PASSWORD"]);
      // Each secret is required by the compose file, or is in a file.
      const inFiles = Object.values(settingsOf(instance, place.file("docker")));
      for (const [name, value] of Object.entries(secrets))
        assert.ok(variablesOf(layout).required.has(name) || inFiles.includes(value), name);
      const owner = new URL(settingsOf(services["migrate"], place.file("docker"))["DATABASE_URL"] ?? "");
      assert.deepEqual([owner.username, owner.password], ["haven", secrets["HAVEN_DB_PASSWORD"]]);
      assert.equal(config.health.opsToken, place.text("monitoring/secrets/ops_token"));
    }
    // The output does not contain them.
    for (const value of values) assert.ok(!output.includes(value));
  });

  test("it creates every mounted file", async () => {
    const place = makePlace();
    await place.run("setup");
    for (const layout of layouts)
      for (const [name, service] of Object.entries(read(layout).services))
        for (const { source } of bindsOf(service))
          assert.ok(
            [place.file("docker"), join(root, "docker")].some((at) => existsSync(join(at, source))),
            `${name} ${source}`,
          );
    // the files are readable for every user, because the user in the container varies; the folder protects them
    assert.deepEqual([place.mode("monitoring/secrets"), place.mode("monitoring/secrets/ops_token")], ["700", "644"]);
    assert.deepEqual(
      [place.mode("docker/ssl"), place.mode("docker/ssl/key.pem"), place.mode("docker/ssl/haven.pem")],
      ["700", "600", "600"],
    );
    assert.deepEqual(
      [place.mode("docker/secrets"), place.mode("docker/secrets/serve"), place.mode("docker/secrets/serve/jwt_secret")],
      ["700", "755", "644"],
    );
    const pem = place.text("docker/ssl/haven.pem");
    assert.equal(pem, place.text("docker/ssl/cert.pem") + place.text("docker/ssl/key.pem"));
    const shown = await runProgram("openssl", [
      "x509",
      "-noout",
      "-ext",
      "subjectAltName",
      "-in",
      place.file("docker/ssl/cert.pem"),
    ]);
    assert.match(shown.output, /DNS:localhost, IP Address:127\.0\.0\.1/);
  });

  test("it overwrites nothing, and adds missing files", async () => {
    const place = makePlace();
    await place.run("setup");
    const [secrets, certificate] = [place.text("docker/.env"), place.text("docker/ssl/cert.pem")];
    assert.equal((await place.run("setup")).code, 0);
    assert.deepEqual([place.text("docker/.env"), place.text("docker/ssl/cert.pem")], [secrets, certificate]);
    writeFileSync(
      place.file("docker/.env"),
      secrets.replace(/^REDIS_PASSWORD=.*\n/m, "").replace(/^JWT_SECRET=.*/m, "JWT_SECRET="),
    );
    const refused = await place.run("start");
    assert.match(refused.output, /REDIS_PASSWORD is missing in .*\.env/);
    await place.run("setup");
    const { JWT_SECRET, REDIS_PASSWORD, ...kept } = settingsIn(place.text("docker/.env"));
    const { JWT_SECRET: _, REDIS_PASSWORD: __, ...before } = settingsIn(secrets);
    assert.deepEqual(kept, before);
    assert.match(`${JWT_SECRET} ${REDIS_PASSWORD}`, /^[0-9a-f]{64} [0-9a-f]{64}$/);
    rmSync(place.file("docker/ssl/key.pem"));
    const half = await place.run("setup");
    assert.equal(half.code, 1);
    assert.match(half.output, /only one of cert\.pem and key\.pem/);
  });

  test("an existing .env keeps its lines, also a last line without a line break", async () => {
    const place = makePlace();
    writeFileSync(place.file("docker/.env"), "HTTP_PORT=8080\nJWT_SECRET=");
    assert.equal((await place.run("setup")).code, 0);
    const { HTTP_PORT, JWT_SECRET } = settingsIn(place.text("docker/.env"));
    assert.equal(HTTP_PORT, "8080");
    assert.match(JWT_SECRET ?? "", /^[0-9a-f]{64}$/);
    assert.equal(place.mode("docker/.env"), "600");
  });

  test("called through a symbolic link, it works in its own folder", async () => {
    const place = makePlace();
    symlinkSync("docker/load-balancer-setup.sh", place.file("load-balancer-setup.sh"));
    const { code, output } = await runProgram(place.file("load-balancer-setup.sh"), ["setup"], { env: place.env });
    assert.equal(code, 0, output);
    assert.ok(existsSync(place.file("docker/.env")) && !existsSync(place.file(".env")));
  });

  test("it generates no new passwords for a database with old ones", async () => {
    const place = makePlace({ ...working, volumes: true });
    const { code, output } = await place.run("setup");
    assert.equal(code, 1);
    assert.match(output, /haven_postgres-data.* keeps the passwords/);
    assert.match(output, /docker compose --project-name haven down --volumes$/m);
    assert.ok(!existsSync(place.file("docker/.env")));
  });
});

suite("start", { skip: without("openssl") || without("awk") }, () => {
  test("NGINX gets the newer files that suit its version, and a file that .env names comes first", async () => {
    const place = makePlace({
      ...working,
      answers: `
  "run --rm --network none "*" sh nginx:1."*" /etc/haven/newer.sh")
    echo "# NGINX 1.30.6"
    echo "cp newer/http2-from-1.25.1.conf haven/http2.conf"
    echo "cp newer/keepalive-from-1.27.4.conf haven/keepalive.conf" ;;
  *" up --detach "*) echo "$NGINX_HTTP2 $NGINX_KEEPALIVE" >> "$place/files" ;;
`,
    });
    await place.run("setup");
    const started = await place.run("start");
    assert.equal(started.code, 0, started.output);
    appendFileSync(place.file("docker/.env"), "NGINX_HTTP2=haven/http2.conf\n");
    await place.run("start");
    assert.deepEqual(place.text("files").split("\n").slice(0, 2), [
      "newer/http2-from-1.25.1.conf newer/keepalive-from-1.27.4.conf",
      "haven/http2.conf newer/keepalive-from-1.27.4.conf",
    ]);
  });
});
