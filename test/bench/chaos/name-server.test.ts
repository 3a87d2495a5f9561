import assert from "node:assert/strict";
import { Resolver } from "node:dns/promises";
import { test } from "node:test";
import { startNameServer } from "../../../bench/chaos/testbed/name-server.ts";

test("a name resolves to the last address that was set; a name without an address does not exist", async () => {
  const names = await startNameServer(0);
  const resolver = new Resolver({ timeout: 2000, tries: 1 });
  resolver.setServers([`127.0.0.1:${names.port}`]);
  names.point("postgres.example", "127.0.1.1");
  assert.deepEqual(await resolver.resolve4("postgres.example"), ["127.0.1.1"]);
  names.point("postgres.example", "127.0.1.2");
  assert.deepEqual(await resolver.resolve4("Postgres.example", { ttl: true }), [{ address: "127.0.1.2", ttl: 0 }]);
  await assert.rejects(resolver.resolve6("postgres.example"), { code: "ENODATA" });
  await assert.rejects(resolver.resolve4("redis.example"), { code: "ENOTFOUND" });
});

test("a delayed response arrives after a client has timed out", async () => {
  const names = await startNameServer(0);
  names.point("postgres.example", "127.0.1.1");
  names.delay(10_000);
  const resolver = new Resolver({ timeout: 100, tries: 1 });
  resolver.setServers([`127.0.0.1:${names.port}`]);
  await assert.rejects(resolver.resolve4("postgres.example"), { code: "ETIMEOUT" });
});
