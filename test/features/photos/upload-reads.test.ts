import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";
import { ask } from "../../shared/requests/http.ts";
import { register, sameSecret } from "../../shared/requests/people.ts";
import { freshDatabase } from "../../shared/servers/stores/database.ts";
import { as } from "../../support/fixtures/property-fixtures.ts";
import { startHaven } from "../../support/haven.ts";

const database = await freshDatabase();
const haven = await startHaven({ env: { ...sameSecret, DATABASE_URL: database } });

test("anonymous image requests that wait for Postgres leave connections of the pool free for authenticated requests", async () => {
  const owner = as(haven.url, await register(haven.url));
  const blocker = new pg.Client({ connectionString: database });
  await blocker.connect();
  try {
    await blocker.query("BEGIN; LOCK TABLE stored_files IN ACCESS EXCLUSIVE MODE");
    const names = Array.from({ length: 60 }, (_, n) => `${String(n).padStart(32, "0")}.webp`);
    const images = names.map((name) => ask(`${haven.url}/uploads/${name}`));
    const authenticated = await owner.get("/properties");
    assert.equal(authenticated.status, 200);
    assert.ok(authenticated.ms < 1000, `${authenticated.ms} ms`);
    // Three image requests wait for the table lock. The server refuses the others after one second.
    const refused = await Promise.race(images);
    assert.equal(refused.status, 503);
    assert.equal((refused.json() as { code: string }).code, "overloaded");
    await blocker.query("ROLLBACK");
    const statuses = (await Promise.all(images)).map(({ status }) => status);
    assert.ok(
      statuses.every((status) => status === 404 || status === 503),
      String(statuses),
    );
  } finally {
    await blocker.end();
  }
  assert.equal((await ask(`${haven.url}/uploads/${"0".repeat(32)}.webp`)).status, 404);
});
