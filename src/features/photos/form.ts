import { isUtf8 } from "node:buffer";
import { type HeaderValue, readHeaderValue } from "../../http/header-value.ts";
import { hasHarmlessFileName } from "./file-name.ts";
import { unknownField, unprocessableUpload } from "./upload-errors.ts";

const mostParts = 8;
const mostHeaderBytes = 4096;
const maxHeaders = 16;
const boundaryForm = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/;
const headerForm = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)$/;
const plainEncodings = new Set(["7bit", "8bit", "binary"]);

/** What the field of the file may be called; by the first it is spoken of. */
export type Fields = readonly [string, ...string[]];

type Part = { name: string; bytes: Buffer };

/**
 * The one file of a form (RFC 7578), out of a body that is there as a whole. Parsers that read a stream skip what they
 * do not understand; here a form is either well-formed from its first byte to its last, or refused.
 */
export function fileOfForm(contentType: HeaderValue | undefined, body: Buffer, fields: Fields): Buffer {
  const refuse = (message: string) => unprocessableUpload(fields[0], message);
  const boundary = contentType?.parameters.get("boundary");
  const charset = contentType?.parameters.get("charset") ?? "utf-8";
  if (boundary === undefined || !boundaryForm.test(boundary)) throw refuse("comes in a form without a usable boundary");
  if (charset.toLowerCase() !== "utf-8") throw refuse("comes in a form that is not in UTF-8");

  const parts = readParts(body, Buffer.from(`\r\n--${boundary}`), refuse);
  for (const { name } of parts) {
    if (!fields.includes(name)) throw unknownField(name);
  }
  const [file, second] = parts;
  if (file === undefined) throw refuse("is needed");
  if (second !== undefined) throw refuse("must be one file");
  return file.bytes;
}

type Refuse = (message: string) => Error;

function readParts(body: Buffer, delimiter: Buffer, refuse: Refuse): Part[] {
  const startsWith = (bytes: Buffer | string, at: number) =>
    body.subarray(at, at + bytes.length).equals(Buffer.from(bytes));
  // The first delimiter may lack the line break that belongs to every other.
  const first = startsWith(delimiter, 0) ? 0 : -2;
  if (!startsWith(delimiter.subarray(first === 0 ? 0 : 2), 0)) throw refuse("comes in a form that does not begin");

  const parts: Part[] = [];
  let at = first + delimiter.length;
  while (!startsWith("--", at)) {
    if (!startsWith("\r\n", at)) throw refuse("comes in a form with a broken boundary");
    if (parts.length === mostParts) throw refuse("comes in a form with too many parts");
    const next = body.indexOf(delimiter, at);
    if (next === -1) throw refuse("comes in a form that does not end");
    parts.push(readPart(body.subarray(at + 2, next), refuse));
    at = next + delimiter.length;
  }
  const rest = body.subarray(at + 2);
  if (rest.length > 0 && rest.toString("latin1") !== "\r\n") throw refuse("comes in a form with something behind it");
  return parts;
}

function readPart(part: Buffer, refuse: Refuse): Part {
  const end = part.subarray(0, mostHeaderBytes).indexOf("\r\n\r\n");
  if (end === -1) throw refuse("has headers that do not end, or are too long");
  const headers = readHeaders(part.subarray(0, end));
  const disposition = readHeaderValue(headers?.get("content-disposition") ?? "");
  const name = disposition?.parameters.get("name");
  if (headers === undefined || disposition?.value !== "form-data" || !name) throw refuse("has malformed headers");
  if (!plainEncodings.has(headers.get("content-transfer-encoding")?.toLowerCase() ?? "binary")) {
    throw refuse("must not be encoded for transfer");
  }
  if (/^multipart\/|;\s*charset\s*=/i.test(headers.get("content-type") ?? "")) throw refuse("must be the file itself");
  if (!hasHarmlessFileName(disposition)) throw refuse("has a file name with a path or with control characters");
  return { name, bytes: part.subarray(end + 4) };
}

function readHeaders(bytes: Buffer): ReadonlyMap<string, string> | undefined {
  if (!isUtf8(bytes)) return undefined;
  const headers = new Map<string, string>();
  for (const line of bytes.toString().split("\r\n", maxHeaders + 1)) {
    if (headers.size === maxHeaders) return undefined;
    const [, name, value] = headerForm.exec(line) ?? [];
    if (name === undefined || value === undefined || headers.has(name.toLowerCase())) return undefined;
    headers.set(name.toLowerCase(), value.trimEnd());
  }
  return headers;
}
