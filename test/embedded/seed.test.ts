import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { demoLogin } from "../../src/embedded/demo/add-demo-data.ts";
import { estateEmail } from "../../src/embedded/demo/add-estate.ts";
import { estateProperty, rowsPerProperty } from "../../src/embedded/demo/estate.ts";
import { canTransition, type RequestStatus } from "../../src/features/maintenance/status-transitions.ts";
import { atEnd } from "../shared/at-end.ts";
import { login, sameSecret } from "../shared/requests/people.ts";
import { runProgram } from "../shared/run-program.ts";
import { startHavenProcess } from "../shared/servers/haven-process.ts";
import { freshDatabase, query } from "../shared/servers/stores/database.ts";
import { as } from "../support/fixtures/property-fixtures.ts";
import { startHaven } from "../support/haven.ts";

const file = fileURLToPath(new URL("../../src/seed.ts", import.meta.url));
const seed = (args: readonly string[], env: Record<string, string>) =>
  runProgram(process.execPath, [file, ...args], { env: { PATH: process.env["PATH"], ...env }, timeoutMs: 60_000 });

const countsIn = (url: string) =>
  query(
    url,
    `SELECT (SELECT count(*)::integer FROM properties) AS properties, (SELECT count(*)::integer FROM units) AS units,
       (SELECT count(*)::integer FROM leases) AS leases, (SELECT count(*)::integer FROM maintenance_requests) AS requests,
       (SELECT count(*)::integer FROM maintenance_events) AS events,
       (SELECT position::integer FROM maintenance_event_heads) AS head`,
  );

test("seed adds the missing rows of the estate, and its account can read them", async () => {
  const url = await freshDatabase();
  const first = await seed(["--rows", "1150"], { DATABASE_URL: url });
  assert.equal(first.code, 0, first.output);
  assert.match(first.output, /^1,200 of 1,200 rows\nThe estate has 1,200 rows; 1,200 were added\./m);
  const countsOf = (properties: number) => [
    {
      properties,
      units: properties * 9,
      leases: properties * 20,
      requests: properties * 20,
      events: properties * 50,
      head: properties * 50,
    },
  ];
  assert.deepEqual(await countsIn(url), countsOf(12));
  const [, password = ""] = /password (\S+)\.$/m.exec(first.output) ?? [];
  const second = await seed(["--rows", "1200"], { DATABASE_URL: url });
  assert.match(second.output, /^The estate has 1,200 rows; 0 were added\. .* its password was printed/);
  const third = await seed(["--rows", "1300"], { DATABASE_URL: url });
  assert.match(third.output, /The estate has 1,300 rows; 100 were added\./);
  assert.deepEqual(await countsIn(url), countsOf(13));

  const haven = await startHaven({ env: { ...sameSecret, DATABASE_URL: url } });
  const owner = as(haven.url, await login(haven.url, { email: estateEmail, password }));
  for (const status of ["open", "in_progress", "resolved", "closed"]) {
    const { items } = (await owner.get(`/maintenance-requests?status=${status}&limit=100`)).json() as {
      items: unknown[];
    };
    assert.equal(items.length, 13 * 5, status);
  }
});

test("seed without DATABASE_URL uses the embedded Postgres of a running server, and keeps the demo account", async () => {
  const folder = mkdtempSync(join(tmpdir(), "haven-seed-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const env = { DATABASE_URL: "", REDIS_URL: "", EMBEDDED_DATA_DIR: folder };
  const alone = await seed(["--rows", "100"], env);
  assert.deepEqual([alone.code, alone.output.includes("The estate has 100 rows; 100 were added.")], [0, true]);
  const haven = await startHavenProcess({ entry: "main", env: { ...env, NODE_ENV: "development" } });
  atEnd(() => haven.child.kill("SIGTERM") && haven.exited);
  const beside = await seed(["--rows", "200"], env);
  assert.deepEqual([beside.code, beside.output.includes("The estate has 200 rows; 100 were added.")], [0, true]);
  for (const email of [demoLogin.email, estateEmail]) {
    assert.ok((await login(haven.url, { email, password: demoLogin.password })).accessToken.length > 0);
  }
});

test("seed refuses production, a wrong number of rows and a database that does not answer", async () => {
  const production = await seed([], { NODE_ENV: "production" });
  assert.equal(production.code, 1);
  assert.match(production.output, /^seed adds invented data, so it does not run with NODE_ENV=production\.\n$/);
  for (const args of [["--rows", "0"], ["--rows", "many"], ["--rows", "10000001"], ["100"]]) {
    const { code, output } = await seed(args, {});
    assert.equal(code, 64, args.join(" "));
    assert.match(output, /^seed takes only --rows .*\n\nUsage: npm run seed -- \[--rows ROWS\]\n/);
  }
  const silent = await seed([], { DATABASE_URL: "postgres://haven:hunter2@127.0.0.1:1/x" });
  assert.equal(silent.code, 1);
  assert.match(silent.output, /^Nothing accepts connections at the host and port in DATABASE_URL/);
});

test("each property of the estate has the same number of rows, and its requests have only allowed status changes", () => {
  const now = Date.now();
  for (const index of [0, 1, 999, 99_999]) {
    const { requests, events, ...rest } = estateProperty(index, now);
    const rows = Object.values(rest).reduce((sum, { length }) => sum + length, requests.length + events.length);
    assert.equal(rows, rowsPerProperty);
    for (const { id, status } of requests) {
      const own = events.filter((event) => event["request_id"] === id);
      const statuses = own.map((event) => (event["data"] as { request: { status: RequestStatus } }).request.status);
      assert.deepEqual([statuses[0], statuses.at(-1)], ["open", status]);
      for (const [at, to] of statuses.slice(1).entries()) assert.ok(canTransition(statuses[at] ?? "open", to));
      for (const event of own) assert.ok((event["created_at"] as Date).getTime() <= now);
    }
  }
});

test("seed refuses production, also if .env sets it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "haven-seed-"));
  atEnd(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, ".env"), "NODE_ENV=production\n");
  const outcome = await runProgram(process.execPath, [file, "--rows", "100"], {
    cwd: folder,
    env: { PATH: process.env["PATH"], DATABASE_URL: await freshDatabase() },
  });
  assert.equal(outcome.code, 1);
  assert.match(outcome.output, /does not run with NODE_ENV=production/);
});
