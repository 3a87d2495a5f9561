import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";

/** JSON texts of a given length that are expensive for a naive parser. */
export const hostileJson: Readonly<Record<string, (length: number) => string>> = {
  "nested arrays": (length) => "[".repeat(length / 2) + "]".repeat(length / 2),
  "nested objects": (length) => `${'{"a":'.repeat(length / 6)}1${"}".repeat(length / 6)}`,
  "an array of numbers": (length) => `[${"0,".repeat(length / 2)}0]`,
  "an array of arrays": (length) => `[${"[],".repeat(length / 3)}[]]`,
  "an array of objects": (length) => `[${'{"a":1},'.repeat(length / 8)}1]`,
  "an array of texts": (length) => `[${'"a",'.repeat(length / 4)}"a"]`,
  "many fields": (length) => `{${Array.from({ length: length / 12 }, (_, n) => `"f${n}":0`).join(",")}}`,
  "one field many times": (length) => `{${'"name":"a",'.repeat(length / 11)}"name":"a"}`,
  "prototypes of prototypes": (length) => `${'{"__proto__":'.repeat(length / 14)}1${"}".repeat(length / 14)}`,
  "a long name": (length) => `{"${"k".repeat(length)}":1}`,
  "a long number": (length) => `{"name":${"9".repeat(length)}}`,
  "a long fraction": (length) => `{"name":0.${"9".repeat(length)}e-9}`,
  escapes: (length) => `{"name":"${"\\u0041".repeat(length / 6)}"}`,
  "escaped combining marks": (length) => `{"name":"a${"\\u0301\\u0316".repeat(length / 12)}"}`,
  "an unterminated text": (length) => `{"name":"${"a".repeat(length)}`,
  "white space": (length) => `{"name":${" ".repeat(length)}"a"}`,
  "lone surrogates": (length) => `{"name":"${"\\ud800".repeat(length / 6)}"}`,
};

export const encodings = {
  identity: (bytes: Buffer) => bytes,
  gzip: (bytes: Buffer) => gzipSync(bytes),
  deflate: (bytes: Buffer) => deflateSync(bytes),
  br: (bytes: Buffer) => brotliCompressSync(bytes),
} as const;

export type Encoding = keyof typeof encodings;

const boundary = "hostile-boundary";
const part = (headers: string, body: Buffer | string) =>
  Buffer.concat([Buffer.from(`--${boundary}\r\n${headers}\r\n\r\n`), Buffer.from(body), Buffer.from("\r\n")]);
const completeForm = (...parts: Buffer[]) => Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]);
const file = (name: string, body: Buffer | string = "x") =>
  part(`Content-Disposition: form-data; name="${name}"; filename="a.jpg"`, body);

type Form = { contentType: string; body: Buffer };
const plain = (body: Buffer): Form => ({ contentType: `multipart/form-data; boundary=${boundary}`, body });

/** Hostile forms of a given length, with the field name that the operation expects. */
export const hostileForms: Readonly<Record<string, (length: number, field: string) => Form>> = {
  "many parts": (length, field) => plain(completeForm(...Array.from({ length: length / 100 }, () => file(field)))),
  "boundaries that almost end": (length, field) =>
    plain(completeForm(file(field, Buffer.alloc(length, `\r\n--${boundary.slice(0, -1)}`)))),
  "line breaks and hyphens": (length, field) => plain(completeForm(file(field, Buffer.alloc(length, "\r\n-")))),
  "a long part header": (length, field) =>
    plain(completeForm(part(`Content-Disposition: form-data; name="${field}"; a="${"b".repeat(length)}"`, "x"))),
  "spaces in a part header": (length, field) =>
    plain(
      completeForm(part(`Content-Disposition: form-data; name="${field}"${" ".repeat(Math.min(length, 4000))}x`, "x")),
    ),
  "semicolons in a part header": (length, field) =>
    plain(
      completeForm(part(`Content-Disposition: form-data; name="${field}"${";".repeat(Math.min(length, 4000))}`, "x")),
    ),
  "many part headers": (length, field) =>
    plain(
      completeForm(
        part(
          `Content-Disposition: form-data; name="${field}"\r\n${"A: b\r\n".repeat(Math.min(length, 3900) / 6)}C: d`,
          "x",
        ),
      ),
    ),
  "an escaped file name": (length, field) =>
    plain(
      completeForm(
        part(
          `Content-Disposition: form-data; name="${field}"; filename="${"%41".repeat(Math.min(length, 3900) / 3)}"`,
          "x",
        ),
      ),
    ),
  "spaces in the content type": (length, field) => ({
    contentType: `multipart/form-data; boundary=${boundary}${" ".repeat(Math.min(length, 12_000))}x`,
    body: completeForm(file(field)),
  }),
  "parameters in the content type": (length, field) => ({
    contentType: `multipart/form-data; boundary=${boundary}${"; a=b".repeat(Math.min(length, 12_000) / 5)}`,
    body: completeForm(file(field)),
  }),
  "a boundary of one character": (length, field) => ({
    contentType: "multipart/form-data; boundary=-",
    body: Buffer.concat([
      Buffer.from(`---\r\nContent-Disposition: form-data; name="${field}"\r\n\r\n`),
      Buffer.alloc(length, "\r\n-"),
    ]),
  }),
};

/** Image headers followed by hostile data. */
export const hostileImages: Readonly<Record<string, (length: number) => Buffer>> = {
  "a JPEG of fill bytes": (length) => Buffer.concat([Buffer.from("ffd8ff", "hex"), Buffer.alloc(length, 0xff)]),
  "a JPEG of empty segments": (length) =>
    Buffer.concat([Buffer.from("ffd8", "hex"), Buffer.alloc(length, Buffer.from("ffe00000", "hex"))]),
  "a JPEG of short segments": (length) =>
    Buffer.concat([Buffer.from("ffd8", "hex"), Buffer.alloc(length, Buffer.from("ffe00002", "hex"))]),
  "a PNG that does not end": (length) =>
    Buffer.concat([
      Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"),
      Buffer.alloc(length, "IEND\xae\x42\x60", "latin1"),
    ]),
  "an AVIF with many brands": (length) =>
    Buffer.concat([
      Buffer.from("000000ff66747970", "hex"),
      Buffer.alloc(Math.min(length, 240), "avix"),
      Buffer.alloc(length),
    ]),
  "a WebP of zeros": (length) => Buffer.concat([Buffer.from("RIFF\x40\0\0\0WEBPVP8 ", "latin1"), Buffer.alloc(length)]),
};
