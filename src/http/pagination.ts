import { createHash, createHmac, type KeyObject, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { AppError } from "../core/errors/app-error.ts";
import { createPerKeyQueue } from "../core/limits/per-key-queue.ts";

/** How many items a page of a list has. */
export const pageSize = { initial: 20, max: 100 } as const;

/** Query parameters of every list. */
export const pageFields = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/, `must be a number from 1 to ${pageSize.max}`)
    .transform(Number)
    .pipe(z.int().min(1, "must be at least 1").max(pageSize.max, `must be at most ${pageSize.max}`))
    .default(pageSize.initial)
    .meta({ description: "Maximum number of items per page", example: pageSize.initial }),
  cursor: z
    .string()
    .max(200, { error: "must be a `nextCursor` of this list", abort: true })
    .regex(/^[A-Za-z0-9_-]*$/, { error: "must be a `nextCursor` of this list", abort: true })
    .optional()
    .meta({ description: "`nextCursor` of the previous page" }),
};

const nextCursor = z.string().nullable().meta({ description: "`null` on the last page", example: null });

/**
 * Returns the schema of a page of items. For an item with a name, such as `Lease`, the API document names the page
 * `LeasePage`.
 */
export function listOf<Item extends z.ZodType>(item: Item) {
  const page = z.object({ items: z.array(item), nextCursor });
  const name = item.meta()?.id;
  return name === undefined ? page : page.meta({ id: `${name}Page` });
}

export type List = {
  /** The list, its owner and its filters, for which a cursor is valid. */
  scope: readonly (string | undefined)[];
  limit: number;
  cursor?: string | undefined;
  /** The user, if the list is searched for a text: each user has a limit of concurrent searches. */
  searchLimitKey?: string | undefined;
};

/** Reads items with ids below `below`, newest first. `take` is one more than the page size, to detect a next page. */
type ReadPage<Item> = (request: { below: string; take: number }) => Promise<{
  items: Item[];
  /** The id at which a search reached its limit of rows. The next page continues there. */
  stoppedAt?: string | undefined;
}>;

/** An id above all others, so that the first page uses the same statement and query plan as later pages. */
const aboveAllIds = "ffffffff-ffff-ffff-ffff-ffffffffffff";

export type Page<Item> = { items: Item[]; nextCursor: string | null };

export type Pager = ReturnType<typeof createPager>;

/**
 * Keyset pagination. A cursor is signed together with the list, its owner and its filters, so that it can be neither
 * forged nor used for another list.
 */
export function createPager(keys: readonly KeyObject[]) {
  const [current] = keys;
  if (current === undefined) throw new Error("The cursor key is missing.");
  const sign = (key: KeyObject, id: Buffer, list: string): Buffer =>
    createHmac("sha256", key).update("cursor").update(id).update(list).digest().subarray(0, 16);

  const verify = (cursor: string, list: string): string => {
    const bytes = /^[A-Za-z0-9_-]{43}$/.test(cursor) ? Buffer.from(cursor, "base64url") : Buffer.alloc(0);
    const id = bytes.subarray(0, 16);
    const signature = bytes.subarray(16);
    const isSignedWith = (key: KeyObject) => timingSafeEqual(signature, sign(key, id, list));
    if (signature.length !== 16 || !keys.some(isSignedWith)) throw unknownCursor();
    return id.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  };

  // A search reads thousands of rows, so one user may run only a few at once.
  const searches = createPerKeyQueue({
    maxConcurrent: 2,
    maxWaitMs: 5000,
    maxQueued: 100,
    rejectionError: tooManySearches,
  });

  return async <Item extends { id: string }>(list: List, read: ReadPage<Item>): Promise<Page<Item>> => {
    const listHash = createHash("sha256").update(JSON.stringify(list.scope)).digest("base64url");
    const below = list.cursor === undefined ? aboveAllIds : verify(list.cursor, listHash);
    const readPage = () => read({ below, take: list.limit + 1 });
    const { searchLimitKey } = list;
    const { items: itemsRead, stoppedAt } = await (searchLimitKey
      ? searches.run(searchLimitKey, readPage)
      : readPage());
    const items = itemsRead.slice(0, list.limit);
    const nextBelow = itemsRead.length > list.limit ? items.at(-1)?.id : stoppedAt;
    if (nextBelow === undefined) return { items, nextCursor: null };
    const id = Buffer.from(nextBelow.replaceAll("-", ""), "hex");
    return { items, nextCursor: Buffer.concat([id, sign(current, id, listHash)]).toString("base64url") };
  };
}

const tooManySearches = () =>
  new AppError("rate_limited", "Too many concurrent searches. Wait until one of them has finished.", {
    retryAfterSeconds: 1,
  });

const unknownCursor = () =>
  new AppError("validation_failed", "cursor: must be a `nextCursor` of this list with the same filters", {
    errors: [{ path: "cursor", message: "must be a `nextCursor` of this list with the same filters" }],
  });
