import assert from "node:assert/strict";
import { test } from "node:test";
import { addDemoData, demoLogin } from "../../src/embedded/demo/add-demo-data.ts";
import { demoData } from "../../src/embedded/demo/demo-data.ts";
import { canTransition, type RequestStatus } from "../../src/features/maintenance/status-transitions.ts";
import { login } from "../shared/requests/people.ts";
import { freshDatabase, query } from "../shared/servers/stores/database.ts";
import { as } from "../support/fixtures/property-fixtures.ts";
import { startHaven } from "../support/haven.ts";

type List = { items: Record<string, unknown>[] };

test("adding the demo data twice creates one set of properties, leases and maintenance requests", async () => {
  const haven = await startHaven();
  const { db, passwords } = haven.running.parts;
  const target = { query: db.query, hash: passwords.hash };
  await addDemoData(target);
  await addDemoData(target);

  const owner = as(haven.url, await login(haven.url, demoLogin));
  const read = async (path: string) => ((await owner.get(path)).json() as List).items;
  const properties = await read("/properties");
  assert.deepEqual(
    properties.map(({ name }) => name),
    ["Casa Oliva", "The Old Bakery", "Lindenhof", "Harbour House"],
  );
  const units = await read(`/properties/${properties[3]?.["id"]}/units`);
  assert.deepEqual(new Set(units.map(({ status }) => status)), new Set(["occupied", "vacant"]));
  const leases = await read(`/units/${units.at(-1)?.["id"]}/leases`);
  assert.deepEqual(new Set(leases.map(({ status }) => status)), new Set(["upcoming", "active", "ended"]));
  assert.equal((await read("/maintenance-requests?limit=100")).length, 24);
  for (const status of ["open", "in_progress", "resolved", "closed"]) {
    assert.ok((await read(`/maintenance-requests?status=${status}`)).length > 0, status);
  }
});

test("the events of every demo request are allowed status transitions, from open to its status", async () => {
  const { requests, events } = demoData(Date.now());
  for (const { id, status } of requests) {
    const statuses = events
      .filter((event) => event["request_id"] === id)
      .map((event) => (event["data"] as { request: { status: RequestStatus } }).request.status);
    assert.equal(statuses[0], "open");
    assert.equal(statuses.at(-1), status);
    for (const [index, to] of statuses.slice(1).entries()) assert.ok(canTransition(statuses[index] ?? "open", to));
  }
});

test("a database with accounts gets no demo data", async () => {
  const database = await freshDatabase();
  await query(
    database,
    "INSERT INTO users (id, email, name, password_hash) VALUES (gen_random_uuid(), 'a@b.c', 'A', 'x')",
  );
  await addDemoData({ query: (sql, values) => query(database, sql, [...values]), hash: async () => "x" });
  assert.deepEqual(await query(database, "SELECT id FROM properties"), []);
});
