import type { DemoTarget } from "../../core/embedded-engines.ts";
import { uuidv7 } from "../../core/ids.ts";
import { estateProperty, rowsPerProperty } from "./estate.ts";
import { insertRows, rowValues } from "./insert-rows.ts";
import type { DemoData } from "./rows.ts";

/** The account of the estate, a large set of generated data. It is not the demo account, which stays small. */
export const estateEmail = "estate@haven.example";

/** 1,000 rows in one statement. */
const propertiesPerStatement = 10;

export type EstateTarget = Pick<DemoTarget, "hash"> & {
  query(sql: string, values: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
};

type EstateRequest = {
  rows: number;
  /** The password of the account if it is created now. */
  password: string;
  onProgress: (rows: number, totalRows: number) => void;
  nowMs: number;
};

/**
 * Adds properties until the estate has the requested number of rows, rounded up to whole properties. After an interrupted
 * run, the next run adds the missing properties. Returns the number of rows before and after, and whether the account is
 * new.
 */
export async function addEstate({ query, hash }: EstateTarget, { rows, password, onProgress, nowMs }: EstateRequest) {
  const created = await query(
    `INSERT INTO users (id, email, name, password_hash) VALUES ($1, $2, 'Kim Estate', $3)
     ON CONFLICT (email) DO NOTHING RETURNING id`,
    [uuidv7(), estateEmail, await hash(password)],
  );
  const [before] = await query(
    `SELECT count(*) AS properties FROM properties
     WHERE owner_id = (SELECT id FROM users WHERE email = $1)`,
    [estateEmail],
  );
  const first = Number(before?.["properties"] ?? 0);
  const last = Math.ceil(rows / rowsPerProperty);
  for (let index = first; index < last; index += propertiesPerStatement) {
    const count = Math.min(propertiesPerStatement, last - index);
    const estate = joinParts(Array.from({ length: count }, (_, at) => estateProperty(index + at, nowMs)));
    await query(statement, [...rowValues(estate), estateEmail]);
    onProgress((index + count) * rowsPerProperty, last * rowsPerProperty);
  }
  return {
    isNew: created.length > 0,
    rowsBefore: first * rowsPerProperty,
    rowsAfter: Math.max(first, last) * rowsPerProperty,
  };
}

const joinParts = (parts: readonly DemoData[]): DemoData => ({
  properties: parts.flatMap(({ properties }) => properties),
  units: parts.flatMap(({ units }) => units),
  leases: parts.flatMap(({ leases }) => leases),
  requests: parts.flatMap(({ requests }) => requests),
  events: parts.flatMap(({ events }) => events),
});

const statement = insertRows("SELECT id FROM users WHERE email = $7");
