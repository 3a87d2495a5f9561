import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";
import { NamedQuery } from "../../../src/db/connect/named-query.ts";
import { atEnd } from "../../shared/at-end.ts";
import { freshDatabase, query } from "../../shared/servers/database.ts";

async function open() {
  const url = await freshDatabase();
  await query(url, "CREATE TABLE things (id int, at timestamptz, tags jsonb)");
  await query(url, "INSERT INTO things VALUES (1, '2030-01-01T00:00:00Z', '[1]'), (2, NULL, NULL)");
  const client = new pg.Client(url);
  await client.connect();
  atEnd(() => client.end());
  let descriptions = 0;
  client.connection.on("rowDescription", () => {
    descriptions += 1;
  });
  const find = (id: number) =>
    new Promise<unknown[]>((resolve, reject) => {
      const text = "SELECT id, at, tags FROM things WHERE id = $1";
      client.query(
        new NamedQuery("thing", text, [id], (error, result) => (error ? reject(error) : resolve(result.rows))),
      );
    });
  return { url, find, descriptions: () => descriptions };
}

test("the rows of a named statement are described once, and each execution gets its own rows", async () => {
  const { find, descriptions } = await open();
  const first = { id: 1, at: new Date("2030-01-01T00:00:00Z"), tags: [1] };
  assert.deepEqual(await find(1), [first]);
  assert.deepEqual(await find(2), [{ id: 2, at: null, tags: null }]);
  assert.deepEqual(await find(3), []);
  assert.deepEqual(await find(1), [first]);
  assert.equal(descriptions(), 1);
});

test("after a change of the schema that changes its rows, a named statement fails instead of returning wrong values", async () => {
  const { url, find } = await open();
  await find(1);
  await query(url, "ALTER TABLE things ALTER COLUMN id TYPE text");
  await assert.rejects(find(1), { code: /^(?:0A000|42883)$/ });
});
