import type { QueryResultRow } from "pg";
import type { Queryable } from "./pool.ts";

/** Which rows of a list are wanted: those below an id, newest first, and one more than fits the page. */
export type PageRequest = { below: string; take: number };

/** `stoppedAt`: the search looked no further than here for now. */
export type ListPage<Item> = { items: Item[]; stoppedAt: string | undefined };

export type ListQuery = {
  columns: string;
  table: string;
  /** Conditions with `?` for their value; one without a value is left out. The first names the owner. */
  where: readonly (readonly [condition: string, value: unknown])[];
  /** A text that the rows must hold, and where it is looked for. */
  search?: Search;
};

export type Search = {
  text: string | undefined;
  /** Columns, or expressions for a text. */
  in: readonly string[];
};

/** However rare a text is and however long the list: a page of a search reads no more rows and no more text than this. */
const maxRowsSearched = 5000;
const maxBytesSearched = 2_000_000;

/**
 * A page of a list by the id of its rows. Only the text of the statement changes with what is left out, so that each
 * form has a plan of its own.
 */
export async function readList<Item extends QueryResultRow & { id: string }>(
  db: Queryable,
  { columns, table, where, search }: ListQuery,
  { below, take }: PageRequest,
): Promise<ListPage<Item>> {
  const values: unknown[] = [];
  const bind = (value: unknown) => `$${values.push(value)}`;
  const conditions = [...where, ["id < ?", below] as const]
    .filter(([, value]) => value !== undefined)
    .map(([condition, value]) => condition.replace("?", bind(value)));
  const rows = `FROM ${table} WHERE ${conditions.join(" AND ")} ORDER BY id DESC`;
  if (search?.text === undefined) {
    const items = await db.query<Item>(`SELECT ${columns} ${rows} LIMIT ${bind(take)}`, values);
    return { items, stoppedAt: undefined };
  }
  const texts = search.in.map((expression, at) => `${expression} AS text_${at}`);
  const sizes = search.in.map((expression) => `coalesce(octet_length(${expression}), 0)`);
  const names = search.in.map((_, at) => `text_${at}`);
  // Sizes are known without reading a long text; only what fits the bound is read, and only hits are fetched whole.
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
  const found = await db.query<Item & { id: string | null; stoppedAt: string | null }>(sql, values);
  const items = found.filter(({ id }) => id !== null).map(({ stoppedAt: _, ...item }) => item as unknown as Item);
  return { items, stoppedAt: found[0]?.stoppedAt ?? undefined };
}
