import assert from "node:assert/strict";
import { test } from "node:test";
import { assertWritesAgain, createProperty, limits } from "../half-alive/support/observe.ts";
import { without } from "../shared/programs.ts";
import { register, sameSecret } from "../shared/requests/people.ts";
import { startPatroni } from "../shared/servers/patroni/patroni.ts";
import { asAppRole, prepareTemplate, query } from "../shared/servers/stores/database.ts";
import { startHaven } from "../support/haven.ts";

const skip = without("patroni") || without("etcd");

test("a server with two hosts in DATABASE_URL follows a switchover of Patroni under load, and no acknowledged write is lost", {
  skip,
}, async () => {
  const patroni = await startPatroni();
  await prepareTemplate(patroni.adminUrl);
  await patroni.whenReady();
  const database = () => patroni.adminUrl.replace(/\/postgres$/, "/haven_template");
  const url = new URL(asAppRole(database()));
  const hosts = patroni.hosts.map((host) => `${host}:${url.port}`).join(",");
  const haven = await startHaven({
    env: {
      ...sameSecret,
      ...limits,
      DATABASE_URL: `${url.href.replace(url.host, hosts)}?target_session_attrs=read-write`,
    },
  });
  const person = await register(haven.url);
  const write = () => createProperty(haven, person);
  const acknowledged: string[] = [];
  const refusals = new Set<string>();
  let isRunning = true;
  const load = (async () => {
    while (isRunning) {
      const answer = await write();
      if (answer.status === 201) acknowledged.push((answer.json() as { id: string }).id);
      else refusals.add(`${answer.status} Retry-After: ${answer.headers["retry-after"] ?? "none"}`);
    }
  })();
  try {
    await patroni.switchOver();
    await assertWritesAgain(haven, "postgres", write);
  } finally {
    isRunning = false;
    await load;
  }
  for (const refusal of refusals) assert.match(refusal, /^503 Retry-After: \d+$/);
  const sql = "SELECT count(*)::int AS n FROM properties WHERE id = ANY($1)";
  const [found] = await query<{ n: number }>(database(), sql, [acknowledged]);
  assert.ok(acknowledged.length > 0);
  assert.equal(found?.n, acknowledged.length);
});
