import { isUtf8 } from "node:buffer";
import { type HeaderValue, readHeaderValue } from "../../../http/input/header-value.ts";
import { unknownField, unprocessableUpload } from "./upload-errors.ts";

const maxParts = 8;
const maxHeaderBytes = 4096;
const maxHeaders = 16;
const boundaryPattern = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/;
const headerPattern = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)$/;
const plainEncodings = new Set(["7bit", "8bit", "binary"]);

/** The accepted names of the file's field. Error messages use the first. */
export type Fields = readonly [string, ...string[]];

type Part = { name: string; bytes: Buffer };

/**
 * Reads the only file of a form (RFC 7578) from a complete body. Streaming parsers skip bytes that they do not
 * understand. This parser refuses every form that is not well-formed from the first byte to the last.
 */
export function fileOfForm(contentType: HeaderValue | undefined, body: Buffer, fields: Fields): Buffer {
  const refuse = (message: string) => unprocessableUpload(fields[0], message);
  const boundary = contentType?.parameters.get("boundary");
  const charset = contentType?.parameters.get("charset") ?? "utf-8";
  if (boundary === undefined || !boundaryPattern.test(boundary)) throw refuse("is in a form without a valid boundary");
  if (charset.toLowerCase() !== "utf-8") throw refuse("is in a form that is not in UTF-8");

  const parts = readParts(body, Buffer.from(`\r\n--${boundary}`), refuse);
  for (const { name } of parts) {
    if (!fields.includes(name)) throw unknownField(name);
  }
  const [file, second] = parts;
  if (file === undefined) throw refuse("is required");
  if (second !== undefined) throw refuse("must be a single file");
  return file.bytes;
}

type Refuse = (message: string) => Error;

function readParts(body: Buffer, delimiter: Buffer, refuse: Refuse): Part[] {
  const startsWith = (bytes: Buffer | string, at: number) =>
    body.subarray(at, at + bytes.length).equals(Buffer.from(bytes));
  // The first delimiter has no line break before it.
  const firstAt = startsWith(delimiter, 0) ? 0 : -2;
  if (!startsWith(delimiter.subarray(firstAt === 0 ? 0 : 2), 0)) throw refuse("is in a form without a first boundary");

  const parts: Part[] = [];
  let at = firstAt + delimiter.length;
  while (!startsWith("--", at)) {
    if (!startsWith("\r\n", at)) throw refuse("is in a form with a malformed boundary");
    if (parts.length === maxParts) throw refuse("is in a form with too many parts");
    const nextDelimiterAt = body.indexOf(delimiter, at);
    if (nextDelimiterAt === -1) throw refuse("is in a form without a closing boundary");
    parts.push(readPart(body.subarray(at + 2, nextDelimiterAt), refuse));
    at = nextDelimiterAt + delimiter.length;
  }
  const epilogue = body.subarray(at + 2);
  if (epilogue.length > 0 && epilogue.toString("latin1") !== "\r\n")
    throw refuse("is in a form with data after the closing boundary");
  return parts;
}

function readPart(part: Buffer, refuse: Refuse): Part {
  const end = part.subarray(0, maxHeaderBytes).indexOf("\r\n\r\n");
  if (end === -1) throw refuse("has incomplete or too long headers");
  const headers = readHeaders(part.subarray(0, end));
  const disposition = readHeaderValue(headers?.get("content-disposition") ?? "");
  const name = disposition?.parameters.get("name");
  if (headers === undefined || disposition?.value !== "form-data" || !name) throw refuse("has malformed headers");
  if (!plainEncodings.has(headers.get("content-transfer-encoding")?.toLowerCase() ?? "binary")) {
    throw refuse("must not have a Content-Transfer-Encoding");
  }
  if (/^multipart\/|;\s*charset\s*=/i.test(headers.get("content-type") ?? "")) throw refuse("must be the file itself");
  if (!hasHarmlessFileName(disposition)) throw refuse("has a file name with a path or control characters");
  return { name, bytes: part.subarray(end + 4) };
}

function readHeaders(bytes: Buffer): ReadonlyMap<string, string> | undefined {
  if (!isUtf8(bytes)) return undefined;
  const headers = new Map<string, string>();
  for (const line of bytes.toString().split("\r\n", maxHeaders + 1)) {
    if (headers.size === maxHeaders) return undefined;
    const [, name, value] = headerPattern.exec(line) ?? [];
    if (name === undefined || value === undefined || headers.has(name.toLowerCase())) return undefined;
    headers.set(name.toLowerCase(), value.trimEnd());
  }
  return headers;
}

/** File names are not used, but an upload with a suspicious one, such as a path, is refused. */
function hasHarmlessFileName({ parameters }: HeaderValue): boolean {
  const plain = parameters.get("filename") ?? "";
  // RFC 7578 (4.2) does not allow filename* in forms, but .NET sends it.
  const extended = parameters.get("filename*") ?? "utf-8''";
  return isHarmless(plain) && /^utf-8'[^']*'/i.test(extended) && isHarmless(extended.slice(extended.lastIndexOf("'")));
}

const isHarmless = (name: string): boolean =>
  [name, decodeEscapes(name)].every((variant) => !/[/\\\p{Cc}]|^\.{1,2}$/u.test(variant));

/** Browsers encode quotes and line breaks as %22, %0D and %0A, but do not encode `%`. */
const decodeEscapes = (name: string): string =>
  name.replaceAll(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
