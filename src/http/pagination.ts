import { createHash, createHmac, type KeyObject, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { AppError } from "../core/app-error.ts";
import { createPerKeyLimiter } from "../core/per-key-limiter.ts";

/** Part of every list's query. */
export const pageFields = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/, "must be a number from 1 to 100")
    .transform(Number)
    .pipe(z.int().min(1, "must be at least 1").max(100, "must be at most 100"))
    .default(20)
    .meta({ description: "Most items on a page", example: 20 }),
  cursor: z
    .string()
    .max(200, { error: "must be a cursor that this list gave", abort: true })
    .regex(/^[A-Za-z0-9_-]*$/, { error: "must be a cursor that this list gave", abort: true })
    .optional()
    .meta({ description: "`nextCursor` of the page before" }),
};

const nextCursor = z.string().nullable().meta({ description: "`null` on the last page", example: null });

export const listOf = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item), nextCursor });

export type List = {
  /** Names the list, its owner and its filters. */
  of: readonly (string | undefined)[];
  limit: number;
  cursor?: string | undefined;
  /** The user, where the list is searched for a text. */
  searchedBy?: string | undefined;
};

/** What a list reads: the items below an id, newest first, and one more than fits the page. */
type Read<Item> = (slice: { below: string; take: number }) => Promise<{
  items: Item[];
  /** Where a search stopped looking for now. */
  stoppedAt?: string | undefined;
}>;

/** Above every id, so that a first page is read by the same statement, and the same plan, as every other. */
const aboveAll = "ffffffff-ffff-ffff-ffff-ffffffffffff";

export type Page<Item> = { items: Item[]; nextCursor: string | null };

export type Pager = ReturnType<typeof createPager>;

/**
 * Pages by the place of the last row, not by counting. A cursor is signed together with the list that it belongs to,
 * its owner and its filters, so that nobody makes one up and none is used elsewhere.
 */
export function createPager(keys: readonly KeyObject[]) {
  const [current] = keys;
  if (current === undefined) throw new Error("There is no key for cursors.");
  const seal = (key: KeyObject, id: Buffer, list: string): Buffer =>
    createHmac("sha256", key).update("cursor").update(id).update(list).digest().subarray(0, 16);

  const open = (cursor: string, list: string): string => {
    const bytes = /^[A-Za-z0-9_-]{43}$/.test(cursor) ? Buffer.from(cursor, "base64url") : Buffer.alloc(0);
    const id = bytes.subarray(0, 16);
    const given = bytes.subarray(16);
    if (given.length !== 16 || !keys.some((key) => timingSafeEqual(given, seal(key, id, list)))) throw unknownCursor();
    return id.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  };

  // A search reads thousands of rows: one user must not occupy the database with them.
  const searches = createPerKeyLimiter({
    maxConcurrent: 2,
    maxWaitMs: 5000,
    maxQueued: 100,
    onRejected: tooManySearches,
  });

  return async <Item extends { id: string }>(list: List, read: Read<Item>): Promise<Page<Item>> => {
    const name = createHash("sha256").update(JSON.stringify(list.of)).digest("base64url");
    const below = list.cursor === undefined ? aboveAll : open(list.cursor, name);
    const readPage = () => read({ below, take: list.limit + 1 });
    const { searchedBy } = list;
    const { items: found, stoppedAt } = await (searchedBy ? searches.run(searchedBy, readPage) : readPage());
    const items = found.slice(0, list.limit);
    const goOnBelow = found.length > list.limit ? items.at(-1)?.id : stoppedAt;
    if (goOnBelow === undefined) return { items, nextCursor: null };
    const id = Buffer.from(goOnBelow.replaceAll("-", ""), "hex");
    return { items, nextCursor: Buffer.concat([id, seal(current, id, name)]).toString("base64url") };
  };
}

const tooManySearches = () =>
  new AppError("rate_limited", "Too many searches at once; wait for the others.", { retryAfterSeconds: 1 });

const unknownCursor = () =>
  new AppError("validation_failed", "cursor: must be one that this list gave, with the same filters", {
    errors: [{ path: "cursor", message: "must be one that this list gave, with the same filters" }],
  });
