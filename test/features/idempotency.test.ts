import assert from "node:assert/strict";
import { before, test } from "node:test";
import { eventually } from "../shared/eventually.ts";
import type { Answer } from "../shared/requests/http.ts";
import { register, type SignedIn, sameSecret } from "../shared/requests/people.ts";
import { startHavenProcess } from "../shared/servers/haven-process.ts";
import { freshDatabase, query } from "../shared/servers/stores/database.ts";
import { freshRedis } from "../shared/servers/stores/redis.ts";
import { aLease, aProperty, as, createHome, type Person } from "../support/fixtures/property-fixtures.ts";
import type { Haven } from "../support/haven.ts";
import { startPair } from "../support/two-instances.ts";

let havens: [Haven, Haven];
let person: SignedIn;
let owner: Person;
const services = { DATABASE_URL: await freshDatabase(), REDIS_URL: await freshRedis() };
const database = services.DATABASE_URL;

before(async () => {
  havens = await startPair(services);
  person = await register(havens[0].url);
  owner = as(havens[0].url, person);
});

const names = async (): Promise<string[]> =>
  (await query<{ name: string }>(database, "SELECT name FROM properties ORDER BY id")).map(({ name }) => name);
const countOf = async (name: string) => (await names()).filter((stored) => stored === name).length;
const key = (value: string) => ({ "idempotency-key": value });
const comparableParts = ({ status, text, headers }: Answer) => ({
  status,
  text,
  location: headers.location,
  etag: headers.etag,
});

test("50 simultaneous creates with one key on two instances create one row and return the same response", async () => {
  const property = { ...aProperty, name: "Fifty" };
  const [one, two] = havens.map(({ url }) => as(url, person)) as [Person, Person];
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? one : two).post("/properties", property, key("fifty"))),
  );
  const created = answers.filter(({ status }) => status === 201);
  assert.ok(created.length > 0);
  assert.equal(new Set(created.map((answer) => JSON.stringify(comparableParts(answer)))).size, 1);
  for (const answer of answers) {
    if (answer.status === 201) continue;
    assert.equal(answer.status, 409, answer.text);
    assert.ok(Number(answer.headers["retry-after"]) > 0);
  }
  assert.equal(await countOf("Fifty"), 1);
  assert.deepEqual(
    comparableParts(await as(havens[1].url, person).post("/properties", property, key("fifty"))),
    comparableParts(created[0] as Answer),
  );
});

test("a key repeated with another body, path or content gets 422 and changes nothing", async () => {
  const { unit } = await createHome(owner);
  const first = await owner.post("/properties", { ...aProperty, name: "First" }, key("other-body"));
  assert.equal(first.status, 201);
  const again = await owner.post("/properties", { ...aProperty, name: "Second" }, key("other-body"));
  assert.equal(again.status, 422);
  assert.match(again.text, /Idempotency-Key/);
  assert.equal((await owner.post(`/units/${unit.id}/leases`, aLease, key("other-body"))).status, 422);
  assert.equal(await countOf("Second"), 0);
});

test("a repeated key with the same fields in another order gets the first response", async () => {
  const { name, kind, address } = { ...aProperty, name: "Any order" };
  const first = await owner.post("/properties", { name, kind, address }, key("order"));
  const again = await owner.post("/properties", { address, kind, name }, key("order"));
  assert.deepEqual(comparableParts(again), comparableParts(first));
  assert.equal(await countOf("Any order"), 1);
});

test("two users can use the same key for different requests", async () => {
  const stranger = as(havens[0].url, await register(havens[0].url));
  const mine = await owner.post("/properties", { ...aProperty, name: "Mine" }, key("same"));
  const theirs = await stranger.post("/properties", { ...aProperty, name: "Theirs" }, key("same"));
  assert.deepEqual([mine.status, theirs.status], [201, 201]);
});

test("the key of a failed request can be used again for a corrected request", async () => {
  const { unit } = await createHome(owner);
  await owner.make(`/units/${unit.id}/leases`, aLease);
  assert.equal((await owner.post(`/units/${unit.id}/leases`, aLease, key("corrected"))).status, 409);
  const later = { ...aLease, startsOn: "2032-01-01", endsOn: "2032-02-01" };
  assert.equal((await owner.post(`/units/${unit.id}/leases`, later, key("corrected"))).status, 201);
});

test("a malformed key is refused", async () => {
  for (const value of ["", "x".repeat(256), "with space", "a, b c"]) {
    const answer = await owner.post("/properties", aProperty, key(value));
    assert.equal(answer.status, 400, value);
    assert.match(answer.text, /Idempotency-Key/);
  }
});

test("a key expires after a day", async () => {
  const property = { ...aProperty, name: "Daily" };
  await owner.post("/properties", property, key("daily"));
  await query(database, "UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = 'daily'");
  assert.equal((await owner.post("/properties", { ...property, kind: "house" }, key("daily"))).status, 201);
  assert.equal(await countOf("Daily"), 2);
});

test("if an instance is killed during creates, a retry on another instance leaves exactly one row", async () => {
  const env = { ...sameSecret, ...services };
  const rounds = 3;
  for (let round = 0; round < rounds; round += 1) {
    const killedInstance = await startHavenProcess({ env, entry: "main" });
    const api = as(killedInstance.url, person);
    const property = (i: number) => ({ ...aProperty, name: `Dying ${round} ${i}` });
    const requests = Array.from({ length: 40 }, (_, i) =>
      api.post("/properties", property(i), key(`dying-${round}-${i}`)).catch(() => undefined),
    );
    setTimeout(() => killedInstance.child.kill("SIGKILL"), 15 + round * 15);
    const answers = await Promise.all(requests);
    for (const [i, answer] of answers.entries()) {
      const again = await eventually(
        () => as(havens[1].url, person).post("/properties", property(i), key(`dying-${round}-${i}`)),
        ({ status }) => status !== 409,
      );
      assert.equal(again.status, 201, again.text);
      if (answer?.status === 201) assert.equal(again.text, answer.text);
      assert.equal(await countOf(property(i).name), 1);
    }
  }
});
