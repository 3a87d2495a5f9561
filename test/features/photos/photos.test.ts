import assert from "node:assert/strict";
import { test } from "node:test";
import sharp from "sharp";
import { ask, postJson } from "../../shared/requests/http.ts";
import { bearer, me } from "../../shared/requests/people.ts";
import { query } from "../../shared/servers/stores/database.ts";
import { addPhoto, owner, type PhotoAnswer, photoIn, upload } from "../../support/fixtures/owners.ts";
import { blackPng, encoded, formOf, formType, imageOf, noise, plain } from "../../support/kubernetes/images.ts";
import { startPair } from "../../support/two-instances.ts";

const [one, two] = await startPair();
const databaseUrl = one.running.parts.addresses.databaseUrl;
const jpeg = await imageOf("jpeg", 640, 480);
const countPhotosOf = async (propertyId: string) =>
  Number(
    (await query<{ n: string }>(databaseUrl, "SELECT count(*) n FROM photos WHERE property_id = $1", [propertyId]))[0]
      ?.n,
  );
const countStoredFiles = async () =>
  Number((await query<{ n: string }>(databaseUrl, "SELECT count(*) n FROM stored_files"))[0]?.n);

for (const kind of ["jpeg", "png", "webp", "avif"] as const) {
  test(`a photo in ${kind} is converted to WebP, in a size for lists and in a size for pages`, async () => {
    const person = await owner(one.url);
    const answer = await addPhoto(one.url, person, await encoded(kind, plain(2000, 1000)));
    const photo = photoIn(answer);
    assert.equal(answer.headers.location, `/api/v1/photos/${photo.id}`);
    assert.deepEqual(
      { ...photo, id: 0, urls: 0, createdAt: 0 },
      { id: 0, propertyId: person.propertyId, width: 1600, height: 800, urls: 0, createdAt: 0 },
    );
    for (const [url, width, height] of [
      [photo.urls.page, 1600, 800],
      [photo.urls.list, 480, 240],
    ] as const) {
      assert.match(url, /^\/uploads\/[0-9a-f]{32}\.webp$/);
      const stored = await sharp((await ask(one.url + url)).bytes).metadata();
      assert.deepEqual([stored.format, stored.width, stored.height], ["webp", width, height]);
    }
  });
}

test("a small photo is not enlarged", async () => {
  const { width, height } = photoIn(await addPhoto(one.url, await owner(one.url), blackPng(31, 17)));
  assert.deepEqual([width, height], [31, 17]);
});

test("photos uploaded to one instance are served, listed and deleted by another", async () => {
  const person = await owner(one.url);
  const added = await addPhoto(one.url, person, jpeg);
  const photo = photoIn(added);
  const served = await Promise.all([one, two].map(({ url }) => ask(url + photo.urls.page)));
  assert.deepEqual(
    served.map(({ status }) => status),
    [200, 200],
  );
  assert.ok(served[0]?.bytes.equals(served[1]?.bytes ?? Buffer.alloc(0)));
  const read = await ask(`${two.url}/api/v1/photos/${photo.id}`, { headers: bearer(person) });
  assert.deepEqual(read.json(), photo);
  assert.equal(read.headers.etag, added.headers.etag);
  const filesBefore = await countStoredFiles();
  const deleted = await ask(`${two.url}/api/v1/photos/${photo.id}`, { method: "DELETE", headers: bearer(person) });
  assert.equal(deleted.status, 204);
  assert.equal(await countStoredFiles(), filesBefore - 2);
  for (const path of [photo.urls.page, photo.urls.list]) assert.equal((await ask(one.url + path)).status, 404);
});

test("photos are listed page by page, newest first", async () => {
  const person = await owner(one.url);
  const small = await imageOf("png", 8, 8);
  const ids: string[] = [];
  for (let i = 0; i < 3; i += 1) ids.unshift(photoIn(await addPhoto(one.url, person, small)).id);
  const list = async (search: string) =>
    (
      await ask(`${one.url}/api/v1/properties/${person.propertyId}/photos?${search}`, { headers: bearer(person) })
    ).json() as { items: PhotoAnswer[]; nextCursor: string | null };
  const first = await list("limit=2");
  const second = await list(`limit=2&cursor=${first.nextCursor}`);
  assert.deepEqual(
    [...first.items, ...second.items].map(({ id }) => id),
    ids,
  );
  assert.equal(second.nextCursor, null);
});

test("a property or photo of another owner returns the same 404 as a missing one", async () => {
  const [mine, other] = [await owner(one.url), await owner(one.url)];
  const { id } = photoIn(await addPhoto(one.url, mine, jpeg));
  const unknownId = "019d5a3e-8f00-7c3a-9d6e-2b1f5a7c9e01";
  const withoutRequestId = (text: string) => text.replace(/"requestId":"[^"]*"/, "");
  for (const method of ["GET", "DELETE"]) {
    const [theirs, missing] = await Promise.all(
      [id, unknownId].map((photo) => ask(`${one.url}/api/v1/photos/${photo}`, { method, headers: bearer(other) })),
    );
    assert.equal(theirs?.status, 404);
    assert.equal(withoutRequestId(theirs?.text ?? ""), withoutRequestId(missing?.text ?? ""));
  }
  const list = `${one.url}/api/v1/properties/${mine.propertyId}/photos`;
  assert.equal((await ask(list, { headers: bearer(other) })).status, 404);
  const intruder = { ...other, propertyId: mine.propertyId };
  assert.equal((await addPhoto(one.url, intruder, jpeg)).status, 404);
  assert.equal((await postJson(list, {}, bearer(other))).status, 404);
  assert.equal(await countPhotosOf(mine.propertyId), 1);
});

test("a deletion of a photo with an outdated If-Match gets 412", async () => {
  const person = await owner(one.url);
  const added = await addPhoto(one.url, person, jpeg);
  const remove = (etag: string) =>
    ask(`${one.url}/api/v1/photos/${photoIn(added).id}`, {
      method: "DELETE",
      headers: { ...bearer(person), "if-match": etag },
    });
  assert.equal((await remove('"another"')).status, 412);
  assert.equal((await remove(added.headers.etag ?? "")).status, 204);
});

test("a property with photos cannot be deleted", async () => {
  const person = await owner(one.url);
  const { id } = photoIn(await addPhoto(one.url, person, jpeg));
  const remove = (path: string) => ask(`${one.url}/api/v1/${path}`, { method: "DELETE", headers: bearer(person) });
  assert.equal((await remove(`properties/${person.propertyId}`)).status, 409);
  assert.equal((await remove(`photos/${id}`)).status, 204);
  assert.equal((await remove(`properties/${person.propertyId}`)).status, 204);
});

test("requests with the same Idempotency-Key add a photo once, on two instances and with different boundaries", async () => {
  const person = await owner(one.url);
  const filesBefore = await countStoredFiles();
  const attempt = (instance: { url: string }, i: number) =>
    upload(
      instance.url,
      person,
      Buffer.from(formOf({ bytes: jpeg }).toString("latin1").replaceAll("of-the-tests", `no-${i}`), "latin1"),
      {
        "content-type": formType.replace("of-the-tests", `no-${i}`),
        "idempotency-key": "photo-1",
      },
    );
  const answers = await Promise.all([0, 1, 2, 3, 4, 5].map((i) => attempt(i % 2 === 0 ? one : two, i)));
  for (const { status } of answers) assert.ok(status === 201 || status === 409, String(status));
  const [first, ...others] = answers.filter(({ status }) => status === 201);
  for (const other of [...others, await attempt(two, 9)]) {
    assert.equal(other.text, first?.text);
    assert.equal(other.headers.location, first?.headers.location);
  }
  assert.equal(await countPhotosOf(person.propertyId), 1);
  assert.equal(await countStoredFiles(), filesBefore + 2);
  const different = await upload(one.url, person, formOf({ bytes: await imageOf("png") }), {
    "idempotency-key": "photo-1",
  });
  assert.equal(different.status, 422);
});

test("a photo is rotated upright and loses its EXIF, XMP, colour profile and location", async () => {
  const secret = "Pat's house, 38.7223 N";
  const upright = await sharp(await noise(60, 20).png().toBuffer())
    .withExif({ IFD0: { Copyright: secret }, IFD3: { GPSLatitude: "38/1 43/1 20/1" } })
    .withXmp(
      `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><a>${secret}</a></x:xmpmeta><?xpacket end="w"?>`,
    )
    .withIccProfile("p3")
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  assert.ok(upright.includes(secret));
  const photo = photoIn(await addPhoto(one.url, await owner(one.url), upright));
  assert.deepEqual([photo.width, photo.height], [20, 60]);
  for (const path of [photo.urls.page, photo.urls.list]) {
    const { bytes } = await ask(one.url + path);
    for (const trace of [secret, "EXIF", "Exif", "XMP ", "ICCP", "38.7223"]) assert.ok(!bytes.includes(trace), trace);
    const { exif, xmp, icc, orientation } = await sharp(bytes).metadata();
    assert.deepEqual([exif, xmp, icc, orientation], [undefined, undefined, undefined, undefined]);
  }
});

test("data after the end of an image is removed", async () => {
  const zip = Buffer.from("PK\x03\x04 a whole archive PK\x05\x06", "latin1");
  const photo = photoIn(await addPhoto(one.url, await owner(one.url), Buffer.concat([jpeg, zip])));
  for (const path of [photo.urls.page, photo.urls.list]) {
    const { bytes } = await ask(one.url + path);
    for (const trace of ["PK\x03\x04", "PK\x05\x06", "archive"]) assert.ok(!bytes.includes(trace));
  }
});

test("an animation is stored as its first frame", async () => {
  const frames = await Promise.all(["#ff0000", "#0000ff"].map((colour) => plain(40, 30, colour).png().toBuffer()));
  const animation = await sharp(frames, { join: { animated: true } })
    .webp({ lossless: true })
    .toBuffer();
  const photo = photoIn(await addPhoto(one.url, await owner(one.url), animation));
  assert.deepEqual([photo.width, photo.height], [40, 30]);
  const stored = sharp((await ask(one.url + photo.urls.page)).bytes);
  const { channels } = await stored.stats();
  assert.ok((channels[0]?.mean ?? 0) > 200 && (channels[2]?.mean ?? 255) < 50);
});

test("an avatar can be the body or a form field, is cropped to a square, and its URL is part of the user", async () => {
  const person = await owner(one.url);
  const avatarUrl = async () => ((await me(two.url, person)).json() as { avatarUrl: string | null }).avatarUrl;
  assert.equal(await avatarUrl(), null);
  const put = (headers: Record<string, string>, body: Buffer) =>
    ask(`${one.url}/api/v1/auth/me/avatar`, { method: "PUT", headers: { ...bearer(person), ...headers }, body });
  const filesBefore = await countStoredFiles();
  const avatarUrls: string[] = [];
  for (const [type, body] of [
    ["image/jpeg", jpeg],
    ["application/octet-stream", jpeg],
    [formType, formOf({ name: "avatar", bytes: jpeg })],
  ] as const) {
    const answer = await put({ "content-type": type }, body);
    assert.equal(answer.status, 200, answer.text);
    const url = (await avatarUrl()) ?? "";
    assert.deepEqual(answer.json(), { avatarUrl: url });
    const { width, height, format } = await sharp((await ask(two.url + url)).bytes).metadata();
    assert.deepEqual([width, height, format], [256, 256, "webp"]);
    avatarUrls.push(url);
  }
  assert.equal(new Set(avatarUrls).size, 3);
  assert.equal(await countStoredFiles(), filesBefore + 1);
  const { email, password } = person;
  const login = await postJson(`${one.url}/api/v1/auth/login`, { email, password });
  assert.equal((login.json() as { user: { avatarUrl: string } }).user.avatarUrl, avatarUrls[2]);
  for (let i = 0; i < 2; i += 1) {
    const deleted = await ask(`${one.url}/api/v1/auth/me/avatar`, { method: "DELETE", headers: bearer(person) });
    assert.equal(deleted.status, 204);
  }
  assert.equal(await avatarUrl(), null);
  assert.equal(await countStoredFiles(), filesBefore);
});
