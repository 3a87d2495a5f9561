import type { QueryResultRow } from "pg";
import type { Queryable } from "./pool.ts";

/** Which rows of a list are wanted: those below an id, newest first, and one more than fits the page. */
export type Slice = { below: string; take: number };

/** `stoppedAt`: the search looked no further than here for now. */
export type Portion<Item> = { items: Item[]; stoppedAt: string | undefined };

export type List = {
  columns: string;
  table: string;
  /** Conditions with `?` for their value; one without a value is left out. The first names the owner. */
  where: readonly (readonly [condition: string, value: unknown])[];
  /** A text that the rows must hold, and where it is looked for. */
  search?: { text: string | undefined; in: string };
};

/** However rare a text is, and however long the list: a page of a search looks at no more rows than this. */
const mostRowsSearched = 5000;

/**
 * A page of a list by the id of its rows. Only the text of the statement changes with what is left out, so that each
 * form has a plan of its own.
 */
export async function readList<Item extends QueryResultRow & { id: string }>(
  db: Queryable,
  { columns, table, where, search }: List,
  { below, take }: Slice,
): Promise<Portion<Item>> {
  const values: unknown[] = [];
  const place = (value: unknown) => `$${values.push(value)}`;
  const conditions = [...where, ["id < ?", below] as const]
    .filter(([, value]) => value !== undefined)
    .map(([condition, value]) => condition.replace("?", place(value)));
  const rows = `FROM ${table} WHERE ${conditions.join(" AND ")} ORDER BY id DESC`;
  if (search?.text === undefined) {
    const items = await db.query<Item>(`SELECT ${columns} ${rows} LIMIT ${place(take)}`, values);
    return { items, stoppedAt: undefined };
  }
  const sql = `
    WITH looked_at AS MATERIALIZED (
      SELECT ${columns}, strpos(lower(${search.in}), lower(${place(search.text)})) > 0 AS found
      ${rows} LIMIT ${mostRowsSearched}
    ), stop AS (SELECT (array_agg(id))[${mostRowsSearched}] AS "stoppedAt" FROM looked_at)
    SELECT hits.*, "stoppedAt" FROM stop
    LEFT JOIN LATERAL (SELECT * FROM looked_at WHERE found ORDER BY id DESC LIMIT ${place(take)}) AS hits ON true`;
  const found = await db.query<Item & { id: string | null; stoppedAt: string | null; found: boolean }>(sql, values);
  const items = found
    .filter(({ id }) => id !== null)
    .map(({ stoppedAt: _, found: __, ...item }) => item as unknown as Item);
  return { items, stoppedAt: found[0]?.stoppedAt ?? undefined };
}
