import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, postJson } from "../shared/requests/http.ts";
import { bearer, register, sameSecret } from "../shared/requests/people.ts";
import { startFaultyHaven } from "../support/faulty-haven.ts";
import { aProperty } from "../support/fixtures/property-fixtures.ts";

for (const fault of ["refuse", "hole"] as const) {
  test(`with Redis unavailable (${fault}) an API key works and can be revoked, and with Postgres unavailable it gets 503`, async () => {
    const haven = await startFaultyHaven({ env: sameSecret });
    const person = await register(haven.url);
    const url = `${haven.url}/api/v1/auth/api-keys`;
    const created = await postJson(url, { name: "robot", scopes: ["read", "write"] }, bearer(person));
    const { id, key } = created.json() as { id: string; key: string };
    const headers = { authorization: `Bearer ${key}` };
    const properties = () => ask(`${haven.url}/api/v1/properties`, { headers });

    await haven.redis.set(fault);
    for (let sent = 0; sent < 4; sent += 1) {
      const answer = await properties();
      assert.equal(answer.status, 200, answer.text);
      assert.ok(answer.ms < 500, `${answer.ms} ms`);
      assert.match(String(answer.headers["ratelimit"]), /^"api-key";r=\d+;t=\d+$/);
    }
    assert.equal((await postJson(`${haven.url}/api/v1/properties`, aProperty, headers)).status, 201);

    await haven.postgres.set(fault);
    await haven.until("postgres", "down", 10_000);
    const refused = await properties();
    assert.equal(refused.status, 503, refused.text);
    assert.ok(Number(refused.headers["retry-after"]) >= 1);

    await haven.postgres.set("pass");
    await haven.until("postgres", "up", 10_000);
    assert.equal((await properties()).status, 200);
    assert.equal((await ask(`${url}/${id}`, { method: "DELETE", headers: bearer(person) })).status, 204);
    assert.equal((await properties()).status, 401, "the revocation needs no Redis");
  });
}
