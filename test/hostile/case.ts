import type { ApiOperation } from "../openapi/support/api-document.ts";
import { bodyOf } from "../openapi/support/request.ts";
import type { Inputs } from "./inputs.ts";
import { hostileStrings } from "./strings.ts";

export type HostileRequest = {
  /** Names the operation, the place and the content, so that the request can be repeated. */
  label: string;
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: Buffer;
};

/** A request is created only when it is sent, because some have 20 MB. */
export type Case = () => HostileRequest;

export type Target = {
  operation: ApiOperation;
  /** The path with the ids of existing resources. */
  path: string;
  credentials: Record<string, string>;
  inputs: Inputs;
};

export const stringEntries = Object.entries(hostileStrings);

export function validRequestOf({ operation, path, credentials }: Target): Omit<HostileRequest, "label"> {
  const { headers = {}, body } = bodyOf(operation, {});
  const base = { method: operation.method, path, headers: { ...credentials, ...(headers as Record<string, string>) } };
  return body === undefined ? base : { ...base, body: Buffer.from(body) };
}

export const describeCase = ({ operation }: Target, where: string, kind: string, size: number) =>
  `${operation.id}: ${where}: ${kind} (${size})`;

/** Concatenates `unit(0)`, `unit(1)` and so on until the text has this length. */
export function repeatToLength(length: number, unit: (n: number) => string): string {
  let text = "";
  for (let n = 0; text.length < length; n += 1) text += unit(n);
  return text;
}

const urlSafe = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.~!*";

/** Returns a different short name for each number, so that as many names as possible fit into a request. */
export function shortName(n: number): string {
  const rest = Math.floor(n / urlSafe.length);
  return (rest === 0 ? "" : shortName(rest - 1)) + (urlSafe[n % urlSafe.length] ?? "");
}
