import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { maxImageBytes, maxUploadBytes } from "../../../src/config/upload-limits.ts";
import { type Answer, ask, open, raw } from "../../shared/requests/http.ts";
import { bearer, sameSecret } from "../../shared/requests/people.ts";
import { addPhoto, owner, upload } from "../../support/fixtures/owners.ts";
import { startHaven } from "../../support/haven.ts";
import { blackPng, boundary, encoded, formOf, formType, imageOf, plain } from "../../support/kubernetes/images.ts";

/** A PNG with 400,000 text chunks. Without a limit, reading them would take a quarter of a second. */
const manyChunks = Buffer.concat([
  Buffer.from("89504e470d0a1a0a0000000d494844520000000a0000000a08060000008d32cfbd", "hex"),
  Buffer.alloc(4_800_000, Buffer.from("0000000074455874aabbccdd", "hex")),
]);
const haven = await startHaven({ env: sameSecret });
const person = await owner(haven.url);
const jpeg = await imageOf("jpeg", 60, 40);
const png = await imageOf("png", 60, 40);
const webp = await imageOf("webp", 60, 40);
const avif = await imageOf("avif", 60, 40);
const large = await imageOf("jpeg", 400, 300);
/** Returns a truncated file with an end marker. Some repair tools write such files. */
const truncatedWithEnd = (bytes: Buffer, missing: number) =>
  Buffer.concat([bytes.subarray(0, -missing), Buffer.from("\xff\xd9", "latin1")]);
const wideRow = blackPng(20_001, 1);
const largeAvif = await encoded("avif", plain(4250, 4000));
const huge = blackPng(16_000, 16_000);

const errorsOf = (answer: Answer) => (answer.json() as { errors?: { path: string; message: string }[] }).errors ?? [];

const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>';
const ftypBox = (brand: string) => Buffer.from(`\0\0\0\x18ftyp${brand}\0\0\0\0mif1${brand}`, "latin1");

for (const [name, bytes] of [
  ["an SVG", svg],
  ["HTML named .png", "<!doctype html><script>alert(1)</script>"],
  ["a GIF with script", "GIF89a<script>alert(1)</script>"],
  ["a HEIC", ftypBox("heic")],
  ["a TIFF", "II*\0\x08\0\0\0"],
  ["a PDF", "%PDF-1.7\n"],
  ["a BMP", "BM\x36\0\0\0"],
  ["an SVG with the signature of a RIFF", `RIFF${svg}`],
] as const) {
  test(`${name} gets 415, whatever its file name and content type`, async () => {
    const answer = await upload(haven.url, person, formOf({ fileName: "house.png", type: "image/png", bytes }));
    assert.equal(answer.status, 415, answer.text);
    assert.equal((answer.json() as { code: string }).code, "unsupported_media_type");
  });
}

for (const [name, bytes] of [
  ["a JPEG without its end marker", jpeg.subarray(0, -2)],
  ["a JPEG without its last 200 bytes, but with an end marker", truncatedWithEnd(large, 200)],
  ["a JPEG without its last 4 bytes, but with an end marker", truncatedWithEnd(large, 4)],
  ["half a JPEG", jpeg.subarray(0, jpeg.length / 2)],
  ["half a PNG", png.subarray(0, png.length / 2)],
  ["a PNG without its end marker", png.subarray(0, -12)],
  ["half a WebP", webp.subarray(0, webp.length / 2)],
  ["half an AVIF", avif.subarray(0, avif.length / 2)],
  ["a file with only the first bytes of a JPEG", Buffer.from("\xff\xd8\xff\xe0", "latin1")],
  ["a JPEG that continues as an SVG", Buffer.from(`\xff\xd8\xff${svg}`, "latin1")],
  ["a WebP that continues as an SVG", Buffer.from(`RIFF\x40\0\0\0WEBPVP8 ${svg}`, "latin1")],
  ["an AVIF without an image", ftypBox("avif")],
  ["an empty file", Buffer.alloc(0)],
  ["a PNG of 400,000 chunks", manyChunks],
  ["16,000 × 16,000 pixels in a small file", huge],
  ["a row of 20,001 pixels", wideRow],
  ["an AVIF of 17 megapixels", largeAvif],
] as const) {
  test(`${name} gets 422`, async () => {
    assert.ok(bytes.length < maxImageBytes);
    const answer = await addPhoto(haven.url, person, bytes);
    assert.equal(answer.status, 422, answer.text);
    assert.deepEqual(
      errorsOf(answer).map(({ path }) => path),
      ["photo"],
    );
  });
}

const scanAt = jpeg.indexOf("\xff\xda", 0, "latin1");
/**
 * A JPEG with a wrong value in the header of its scan. The last two parameters of that header have no meaning in a
 * baseline JPEG, and many phones write wrong values.
 */
const wrongScan = Buffer.from(jpeg);
wrongScan.writeUInt8(0, scanAt + 2 + jpeg.readUInt16BE(scanAt + 2) - 2);

for (const [name, bytes] of [
  ["extra bytes before a marker", [jpeg.subarray(0, scanAt), Buffer.alloc(3), jpeg.subarray(scanAt)]],
  ["extra bytes before its end", [jpeg.subarray(0, -2), Buffer.alloc(15), jpeg.subarray(-2)]],
  ["wrong parameters of its scan", [wrongScan]],
] as const) {
  test(`a JPEG with ${name}, as phones write it, is accepted`, async () => {
    const answer = await addPhoto(haven.url, person, Buffer.concat(bytes));
    assert.equal(answer.status, 201, answer.text);
  });
}

const head = (parameters: string) => `--${boundary}\r\nContent-Disposition: form-data; ${parameters}\r\n`;
const tail = `\r\n--${boundary}--\r\n`;
const form = (...pieces: (string | Buffer)[]) => Buffer.concat(pieces.map((piece) => Buffer.from(piece)));
const photoField = 'name="photo"; filename="house.jpg"';

const malformed: readonly (readonly [string, Buffer, string?])[] = [
  ["no boundary", formOf({ bytes: jpeg }), "multipart/form-data"],
  ["an empty boundary", formOf({ bytes: jpeg }), "multipart/form-data; boundary="],
  ["a boundary of 71 characters", formOf({ bytes: jpeg }), `multipart/form-data; boundary=${"b".repeat(71)}`],
  ["two boundaries", formOf({ bytes: jpeg }), `${formType}; boundary=other`],
  ["another boundary", formOf({ bytes: jpeg }), "multipart/form-data; boundary=other"],
  ["a charset that is not UTF-8", formOf({ bytes: jpeg }), `${formType}; charset=utf-16`],
  ["an empty body", Buffer.alloc(0)],
  ["only the final boundary", form(`--${boundary}--\r\n`)],
  ["no final boundary", formOf({ bytes: jpeg }).subarray(0, -4)],
  ["a body that ends in the file", form(head(photoField), "\r\n", jpeg)],
  ["a body that ends in the headers", form(head(photoField))],
  ["text before the first boundary", form("hello\r\n", formOf({ bytes: jpeg }))],
  ["text after the final boundary", form(formOf({ bytes: jpeg }), "hello")],
  ["a boundary with an extra character", form(head(photoField), "\r\n", jpeg, `\r\n--${boundary}x\r\n`, tail)],
  ["line breaks without carriage returns", Buffer.from(formOf({ bytes: "x" }).toString().replaceAll("\r", ""))],
  ["garbage for headers", form(`--${boundary}\r\nthis is no header\r\n\r\n`, jpeg, tail)],
  ["garbage among the headers", form(head(photoField), "\x00\x01: what\r\n\r\n", jpeg, tail)],
  ["a folded header", form(head(photoField), "Content-Type: image/jpeg;\r\n name=x\r\n\r\n", jpeg, tail)],
  ["headers that are not UTF-8", form(head(photoField), Buffer.from("X: \xff\xfe\r\n", "latin1"), "\r\n", jpeg, tail)],
  ["a header of 20 kB", form(head(photoField), `X-Long: ${"a".repeat(20_000)}\r\n\r\n`, jpeg, tail)],
  ["no content-disposition", form(`--${boundary}\r\nContent-Type: image/jpeg\r\n\r\n`, jpeg, tail)],
  [
    "two content-dispositions",
    form(head(photoField), `Content-Disposition: form-data; ${photoField}\r\n\r\n`, jpeg, tail),
  ],
  [
    "another content-disposition",
    form(`--${boundary}\r\nContent-Disposition: attachment; ${photoField}\r\n\r\n`, jpeg, tail),
  ],
  ["two names", form(head('name="photo"; name="photo"'), "\r\n", jpeg, tail)],
  ["no name", form(head('filename="a.jpg"'), "\r\n", jpeg, tail)],
  ["a quote that does not end", form(head('name="photo; filename=a.jpg'), "\r\n", jpeg, tail)],
  [
    "a file in base64",
    form(head(photoField), "Content-Transfer-Encoding: base64\r\n\r\n", jpeg.toString("base64"), tail),
  ],
  ["a form in the form", form(head(photoField), "Content-Type: multipart/mixed; boundary=inner\r\n\r\n", jpeg, tail)],
  ["a charset for the file", form(head(photoField), "Content-Type: image/jpeg; charset=utf-7\r\n\r\n", jpeg, tail)],
  ["a name in UTF-7", form(head(`${photoField}; filename*=utf-7''+AC8-`), "\r\n", jpeg, tail)],
  ["a second file", formOf({ bytes: jpeg }, { bytes: png })],
  ["a hundred parts", formOf(...Array.from({ length: 100 }, () => ({ bytes: jpeg })))],
];

for (const [name, body, type = formType] of malformed) {
  test(`a form with ${name} gets 422, and the problem names the field`, async () => {
    const answer = await upload(haven.url, person, body, { "content-type": type });
    assert.equal(answer.status, 422, answer.text);
    assert.deepEqual(
      errorsOf(answer).map(({ path }) => path),
      ["photo"],
    );
  });
}

for (const [name, parts, path] of [
  ["with another field name", [{ name: "image", bytes: jpeg }], "image"],
  ["with an additional field", [{ bytes: jpeg }, { name: "title", bytes: "Front" }], "title"],
  ["with the field name __proto__", [{ name: "__proto__", bytes: jpeg }], "__proto__"],
] as const) {
  test(`a photo ${name} gets 400, and the problem names the wrong field`, async () => {
    const answer = await upload(haven.url, person, formOf(...parts));
    assert.equal(answer.status, 400);
    assert.equal(errorsOf(answer)[0]?.path, path);
  });
}

for (const fileName of [
  "../../etc/passwd",
  "..",
  "a/b.jpg",
  "C:\\house.jpg",
  "..%2f..%2fhouse.jpg",
  "house%00.jpg",
  "house.jpg\0.png",
  "house\x07.jpg",
  "house%0d%0aX: y.jpg",
]) {
  test(`the file name ${JSON.stringify(fileName)} gets 422`, async () => {
    const answer = await upload(haven.url, person, formOf({ fileName, bytes: jpeg }));
    assert.equal(answer.status, 422, answer.text);
    assert.match(errorsOf(answer)[0]?.message ?? "", /file name/);
  });
}

for (const [name, parameters] of [
  ["an ordinary file name", photoField],
  ["dots in a file name", 'name="photo"; filename="holiday..2026.jpg"'],
  ["umlauts, quotes and a percent sign", 'name="photo"; filename="Küche \\"100%\\" 👩‍🍳.jpg"'],
  ["an extended file name, as .NET sends it", "name=photo; filename=house.jpg; filename*=utf-8''K%C3%BCche.jpg"],
  ["no file name", 'name="photo"'],
  ["headers in small letters", photoField],
] as const) {
  test(`a form with ${name} is accepted`, async () => {
    const body = form(`--${boundary}\r\ncontent-disposition: form-data; ${parameters}\r\n\r\n`, jpeg, tail);
    assert.equal((await upload(haven.url, person, body)).status, 201);
  });
}

test("a form in chunks, with a quoted boundary and a leading line break, is accepted", async () => {
  const body = Buffer.concat([Buffer.from("\r\n"), formOf({ bytes: jpeg })]);
  const type = `Multipart/Form-Data; charset=UTF-8; boundary="${boundary}"`;
  const answer = await upload(haven.url, person, body, { "content-type": type, "transfer-encoding": "chunked" });
  assert.equal(answer.status, 201, answer.text);
});

for (const type of ["application/json", "image/jpeg", "multipart/mixed; boundary=x", "text/plain", ""]) {
  test(`a photo with ${type === "" ? "no content type" : `the content type ${type}`} gets 415`, async () => {
    assert.equal((await upload(haven.url, person, jpeg, { "content-type": type })).status, 415);
  });
}

test("a compressed form gets 415", async () => {
  assert.equal((await upload(haven.url, person, formOf({ bytes: jpeg }), { "content-encoding": "gzip" })).status, 415);
});

const avatar = (body: Buffer, headers: Record<string, string>) =>
  ask(`${haven.url}/api/v1/auth/me/avatar`, { method: "PUT", headers: { ...bearer(person), ...headers }, body });

test("avatars have the same errors as photos: 400, 413, 415 and 422", async () => {
  for (const [status, type, body] of [
    [415, "application/json", jpeg],
    [415, "image/png", Buffer.from(svg)],
    [422, "image/png", Buffer.alloc(0)],
    [422, "image/jpeg", jpeg.subarray(0, 300)],
    [400, formType, formOf({ name: "file", bytes: jpeg })],
    [413, "image/jpeg", Buffer.concat([jpeg, Buffer.alloc(maxImageBytes + 1 - jpeg.length)])],
  ] as const) {
    assert.equal((await avatar(body, { "content-type": type })).status, status, type);
  }
});

test("the form field of an avatar may also be named photo", async () => {
  for (const name of ["avatar", "photo"])
    assert.equal((await avatar(formOf({ name, bytes: jpeg }), { "content-type": formType })).status, 200, name);
});

test("bytes after the end of an image are ignored, up to the maximum size", async () => {
  for (const image of [jpeg, png, webp, avif]) {
    const answer = await addPhoto(
      haven.url,
      person,
      Buffer.concat([image, Buffer.alloc(maxImageBytes - image.length)]),
    );
    assert.equal(answer.status, 201, answer.text);
  }
});

test("an image of the maximum size is accepted, and one more byte gets 413", async () => {
  const padded = (size: number) => Buffer.concat([jpeg, Buffer.alloc(size - jpeg.length)]);
  assert.equal((await addPhoto(haven.url, person, padded(maxImageBytes))).status, 201);
  const answer = await addPhoto(haven.url, person, padded(maxImageBytes + 1));
  assert.equal(answer.status, 413);
  assert.equal((answer.json() as { code: string }).code, "payload_too_large");
  assert.equal((await avatar(padded(maxImageBytes), { "content-type": "image/jpeg" })).status, 200);
});

const request = (framing: string) =>
  `POST /api/v1/properties/${person.propertyId}/photos HTTP/1.1\r\nHost: haven\r\n${framing}\r\n` +
  `Authorization: Bearer ${person.accessToken}\r\nContent-Type: ${formType}\r\n\r\n`;

test("a Content-Length over the limit gets 413 before the body is sent", async () => {
  assert.match(await raw(haven.port, request(`Content-Length: ${maxUploadBytes + 1}`), 1000), /^HTTP\/1\.1 413 /);
});

for (const [client, megabytes, header] of [
  ["a client that sends 25 MB", 25, "Transfer-Encoding: chunked"],
  ["a client that sends 8 MB with Connection: close", 8, "Transfer-Encoding: chunked\r\nConnection: close"],
] as const) {
  test(`${client} receives the 413`, async () => {
    const socket = await open(haven.port);
    const answer = once(socket, "data");
    socket.write(request(header));
    const chunk = Buffer.concat([Buffer.from("f4240\r\n"), Buffer.alloc(1_000_000, 97), Buffer.from("\r\n")]);
    for (let sent = 0; sent < megabytes; sent += 1) if (!socket.write(chunk)) await once(socket, "drain");
    socket.write("0\r\n\r\n");
    assert.match(String((await answer)[0]), /^HTTP\/1\.1 413 [\s\S]*payload_too_large/);
    socket.destroy();
  });
}

test("after an upload that the client aborts, the next upload succeeds and the log has no error", async () => {
  const socket = await open(haven.port);
  socket.write(request("Content-Length: 400000"));
  socket.write(formOf({ bytes: jpeg }).subarray(0, 400));
  await new Promise((resolve) => setTimeout(resolve, 100));
  socket.destroy();
  assert.equal((await addPhoto(haven.url, person, jpeg)).status, 201);
  assert.deepEqual(
    haven.logs.filter(({ level }) => level === "error"),
    [],
  );
});
