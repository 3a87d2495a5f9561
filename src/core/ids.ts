import { randomBytes, randomUUID } from "node:crypto";

/** UUIDv7 (RFC 9562): ids sort by creation time, so that new rows are neighbours in the index of the primary key. */
export function uuidv7(nowMs: number = Date.now()): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Returns the first 13 characters of the ids that are created in this millisecond. Earlier ids sort before this prefix. */
export const idPrefixAt = (moment: Date): string => uuidv7(moment.getTime()).slice(0, 13);

export const timeOfId = (uuid: string): Date => new Date(Number.parseInt(uuid.replace("-", "").slice(0, 12), 16));

const wellFormedRequestId = /^[A-Za-z0-9._-]{8,128}$/;

export const isRequestId = (text: string): boolean => wellFormedRequestId.test(text);

export const newRequestId = (): string => randomUUID();
