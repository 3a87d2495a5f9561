import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../shared/eventually.ts";
import { ask } from "../../shared/requests/http.ts";
import { bearer, sameSecret } from "../../shared/requests/people.ts";
import { startFaultProxy } from "../../shared/servers/fault-proxy.ts";
import { freshDatabase, query } from "../../shared/servers/stores/database.ts";
import { freshRedis } from "../../shared/servers/stores/redis.ts";
import { isSigned, startBucket } from "../../support/bucket.ts";
import { addPhoto, owner, photoIn } from "../../support/fixtures/owners.ts";
import { type Haven, startHaven } from "../../support/haven.ts";
import { imageOf } from "../../support/kubernetes/images.ts";

const bucket = await startBucket();
const proxy = await startFaultProxy(bucket.url);
const databaseUrl = await freshDatabase();
const postgres = await startFaultProxy(databaseUrl);
const env = {
  ...sameSecret,
  ...bucket.env,
  S3_ENDPOINT: proxy.url,
  S3_TIMEOUT_MS: "400",
  REDIS_URL: await freshRedis(),
  DATABASE_URL: postgres.url,
  DB_CONNECT_TIMEOUT_MS: "500",
  DB_STATEMENT_TIMEOUT_MS: "1000",
  HEALTH_CHECK_INTERVAL: "300",
  HEALTH_CHECK_TIMEOUT: "300",
};
const one = await startHaven({ env });
const two = await startHaven({ env: { ...env, INSTANCE_ID: "two" } });
const jpeg = await imageOf("jpeg");
const png = await imageOf("png");

const fileOf = (url: string) => url.replace("/uploads/", "");
const assertStored = (names: readonly string[]) =>
  eventually(bucket.names, (stored) => stored.length === names.length).then(() =>
    assert.deepEqual(bucket.names().sort(), [...names].sort()),
  );
const remove = ({ url }: Haven, path: string, person: { accessToken: string }) =>
  ask(`${url}/api/v1/${path}`, { method: "DELETE", headers: bearer(person) });

test("the signature check of the test agrees with Amazon's published example", () => {
  const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  const request = {
    method: "GET",
    url: "/test.txt",
    headers: {
      host: "examplebucket.s3.amazonaws.com",
      range: "bytes=0-9",
      "x-amz-content-sha256": empty,
      "x-amz-date": "20130524T000000Z",
      authorization:
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request," +
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date," +
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    },
  };
  assert.equal(isSigned(request, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), true);
  assert.equal(isSigned({ ...request, url: "/other.txt" }, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), false);
});

test("files are stored in the bucket only, served by every instance, and deleted with their photo", async () => {
  const person = await owner(one.url);
  const photo = photoIn(await addPhoto(one.url, person, jpeg));
  await assertStored([fileOf(photo.urls.list), fileOf(photo.urls.page)]);
  const [inDatabase] = await query<{ n: string }>(databaseUrl, "SELECT count(bytes) n FROM stored_files");
  assert.equal(inDatabase?.n, "0");
  for (const path of [photo.urls.list, photo.urls.page]) {
    const answer = await ask(two.url + path, { headers: { range: "bytes=0-3" } });
    assert.deepEqual([answer.status, answer.text], [206, "RIFF"]);
  }
  assert.equal((await remove(two, `photos/${photo.id}`, person)).status, 204);
  await assertStored([]);
  assert.equal((await ask(one.url + photo.urls.page)).status, 404);
  assert.equal(bucket.refused(), 0);
});

test("a replaced avatar is deleted from the bucket", async () => {
  const person = await owner(one.url);
  const put = async () => {
    const headers = { ...bearer(person), "content-type": "image/jpeg" };
    const answer = await ask(`${one.url}/api/v1/auth/me/avatar`, { method: "PUT", headers, body: jpeg });
    return fileOf((answer.json() as { avatarUrl: string }).avatarUrl);
  };
  await put();
  await assertStored([await put()]);
  assert.equal((await remove(one, "auth/me/avatar", person)).status, 204);
  await assertStored([]);
});

test("a retry with the same Idempotency-Key leaves no additional object in the bucket", async () => {
  const person = await owner(one.url);
  const add = (instance: Haven) => addPhoto(instance.url, person, jpeg, { "idempotency-key": "again" });
  const photo = photoIn(await add(one));
  assert.equal((await add(two)).status, 201);
  await assertStored([fileOf(photo.urls.list), fileOf(photo.urls.page)]);
  await remove(one, `photos/${photo.id}`, person);
  await assertStored([]);
});

test("an upload that the database refuses leaves no object in the bucket", async () => {
  const person = await owner(one.url);
  const add = (headers = {}) => addPhoto(one.url, person, png, headers);
  const photo = photoIn(await addPhoto(one.url, person, jpeg, { "idempotency-key": "used" }));
  assert.equal((await add({ "idempotency-key": "used" })).status, 422);
  await query(databaseUrl, "ALTER TABLE stored_files ADD CONSTRAINT broken CHECK (false) NOT VALID");
  assert.equal((await add()).status, 500);
  await query(databaseUrl, "ALTER TABLE stored_files DROP CONSTRAINT broken");
  await assertStored([fileOf(photo.urls.list), fileOf(photo.urls.page)]);
  await remove(one, `photos/${photo.id}`, person);
  await assertStored([]);
});

test("images are served from the bucket while Postgres is unavailable", async () => {
  const person = await owner(one.url);
  const photo = photoIn(await addPhoto(one.url, person, jpeg));
  await postgres.set("refuse");
  assert.equal((await ask(one.url + photo.urls.page)).status, 200);
  await postgres.set("pass");
  const hasRecovered = async ({ url }: Haven) => {
    const { circuitBreakers } = (await ask(`${url}/api/v1/circuit-breakers`)).json() as {
      circuitBreakers: { name: string; state: string }[];
    };
    const ofPostgres = circuitBreakers.filter(({ name }) => name.startsWith("postgres"));
    return (await ask(`${url}/ready`)).status === 200 && ofPostgres.every(({ state }) => state === "closed");
  };
  for (const each of [one, two]) await eventually(() => hasRecovered(each), Boolean);
  assert.equal((await remove(one, `photos/${photo.id}`, person)).status, 204);
  await assertStored([]);
});

const namesToRemove = async () =>
  (await query<{ name: string }>(databaseUrl, "SELECT name FROM files_to_remove ORDER BY name")).map(
    ({ name }) => name,
  );

test("a deleted photo returns 404 at once although the bucket fails, and its objects are deleted later", async () => {
  const person = await owner(one.url);
  const [photo, next] = [
    photoIn(await addPhoto(one.url, person, jpeg)),
    photoIn(await addPhoto(one.url, person, jpeg)),
  ];
  const [files, nextFiles] = [photo, next].map(({ urls }) => [fileOf(urls.list), fileOf(urls.page)].sort());
  assert.ok(files && nextFiles);
  await proxy.set("refuse");
  assert.equal((await remove(one, `photos/${photo.id}`, person)).status, 204);
  await eventually(
    () => one.logs,
    (lines) => lines.some(({ msg }) => msg.startsWith("deleting orphaned objects failed")),
  );
  await proxy.set("pass");
  assert.deepEqual(bucket.names().sort(), [...files, ...nextFiles].sort());
  for (const { url } of [one, two]) {
    for (const path of [photo.urls.list, photo.urls.page]) assert.equal((await ask(url + path)).status, 404);
    assert.equal((await ask(url + next.urls.page)).status, 200);
  }
  assert.deepEqual(await namesToRemove(), files);
  await query(databaseUrl, "UPDATE files_to_remove SET due_at = now()");
  assert.equal((await remove(two, `photos/${next.id}`, person)).status, 204);
  await assertStored([]);
  await eventually(namesToRemove, (names) => names.length === 0);
});

test("an upload gets 503 if the bucket refuses the credentials, and only the log has the reason", async () => {
  const stranger = await startHaven({ env: { ...env, S3_SECRET_ACCESS_KEY: "wrong" } });
  const person = await owner(stranger.url);
  const answer = await addPhoto(stranger.url, person, jpeg);
  assert.equal(answer.status, 503);
  assert.doesNotMatch(answer.text, /Signature|S3/);
  assert.match(JSON.stringify(stranger.logs), /s3 went from unknown to down \(credentials\)/);
  assert.doesNotMatch(JSON.stringify(stranger.logs), /AWS4-HMAC/);
});

for (const fault of ["refuse", "hole", { delayMs: 2000 }] as const) {
  test(`an unavailable bucket (${JSON.stringify(fault)}) leads to 503 within 1.5 s, and the failed upload adds no photo`, async () => {
    const person = await owner(one.url);
    const photo = photoIn(await addPhoto(one.url, person, jpeg));
    await proxy.set(fault);
    const answers = await Promise.all([addPhoto(one.url, person, jpeg), ask(two.url + photo.urls.page)]);
    for (const answer of answers) {
      assert.equal(answer.status, 503, answer.text);
      assert.ok(Number(answer.headers["retry-after"]) >= 1);
      assert.ok(answer.ms < 1500, `took ${answer.ms} ms`);
    }
    assert.equal((await ask(`${one.url}/ready`)).status, 200);
    await proxy.set("pass");
    const list = await ask(`${one.url}/api/v1/properties/${person.propertyId}/photos`, { headers: bearer(person) });
    assert.equal((list.json() as { items: unknown[] }).items.length, 1);
    await remove(one, `photos/${photo.id}`, person);
  });
}
