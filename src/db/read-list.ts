import type { QueryResultRow } from "pg";
import type { Queryable } from "./pool.ts";

/** Requests rows with an id less than `below`, newest first. `take` is the page size plus one, to detect a next page. */
export type PageRequest = { below: string; take: number };

/** `stoppedAt` is the id at which a search reached its limit of rows; the next page continues there. */
export type ListPage<Item> = { items: Item[]; stoppedAt: string | undefined };

export type ListQuery = {
  columns: string;
  table: string;
  /** Conditions with `?` for the value. A condition whose value is undefined is left out. The first condition selects the owner. */
  where: readonly (readonly [condition: string, value: unknown])[];
  search?: Search;
  /** An index finds the rows of a page for these conditions, so that a page without a search is a short read. */
  isIndexed?: boolean;
};

export type Search = {
  text: string | undefined;
  /** Columns or SQL expressions. */
  in: readonly string[];
};

/** Limits for one page of a search, so that the search for a rare text in a long list stays cheap. */
const maxRowsSearched = 5000;
const maxBytesSearched = 2_000_000;

/**
 * Reads one page of a list, ordered by id. Conditions without a value are left out of the statement instead of being
 * compared with NULL, so that Postgres plans each combination of filters on its own.
 */
export async function readList<Item extends QueryResultRow & { id: string }>(
  db: Queryable,
  { columns, table, where, search, isIndexed = false }: ListQuery,
  { below, take }: PageRequest,
): Promise<ListPage<Item>> {
  const values: unknown[] = [];
  const bind = (value: unknown) => `$${values.push(value)}`;
  const conditions = [...where, ["id < ?", below] as const]
    .filter(([, value]) => value !== undefined)
    .map(([condition, value]) => condition.replace("?", bind(value)));
  const rows = `FROM ${table} WHERE ${conditions.join(" AND ")} ORDER BY id DESC`;
  if (search?.text === undefined) {
    const text = `SELECT ${columns} ${rows} LIMIT ${bind(take)}`;
    const items = await db.query<Item>({ text, isShort: isIndexed }, values);
    return { items, stoppedAt: undefined };
  }
  const texts = search.in.map((expression, at) => `${expression} AS text_${at}`);
  const sizes = search.in.map((expression) => `coalesce(octet_length(${expression}), 0)`);
  const names = search.in.map((_, at) => `text_${at}`);
  // `octet_length` does not load a long text. Only texts within the limit are loaded, and only matching rows are read in
  // full.
  const sql = `
    WITH newest AS MATERIALIZED (
      SELECT id, ${texts.join(", ")}, sum(${sizes.join(" + ")}) OVER (
        ORDER BY id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
      ) AS bytes_before
      ${rows} LIMIT ${maxRowsSearched}
    ), searched AS MATERIALIZED (
      SELECT id, strpos(lower(concat_ws(' ', ${names.join(", ")})), lower(${bind(search.text)})) > 0 AS found
      FROM newest WHERE coalesce(bytes_before, 0) < ${maxBytesSearched}
    ), stop AS (
      SELECT CASE WHEN count(*) = ${maxRowsSearched} OR count(*) < (SELECT count(*) FROM newest)
        THEN (array_agg(id ORDER BY id))[1] END AS "stoppedAt"
      FROM searched
    )
    SELECT hits.*, "stoppedAt" FROM stop LEFT JOIN LATERAL (
      SELECT ${columns} FROM ${table}
      WHERE id = ANY (ARRAY(SELECT id FROM searched WHERE found ORDER BY id DESC LIMIT ${bind(take)}))
      ORDER BY id DESC
    ) AS hits ON true`;
  const result = await db.query<Item & { id: string | null; stoppedAt: string | null }>(sql, values);
  const items = result.filter(({ id }) => id !== null).map(({ stoppedAt: _, ...item }) => item as unknown as Item);
  return { items, stoppedAt: result[0]?.stoppedAt ?? undefined };
}
