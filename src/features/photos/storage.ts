import { randomBytes } from "node:crypto";
import type { Queryable, Transaction } from "../../db/pool.ts";

export type StoredFile = { name: string; bytes: Buffer };

/** Where files are kept so that every instance has them. */
export type FileStore = {
  /**
   * Keeps files together with the row that names them: `commit` runs the transaction of that row and calls `record` in
   * it. Where it fails, or the row was there already and `record` is not called, the files do not stay.
   */
  put<T>(files: readonly StoredFile[], commit: (record: RecordFiles) => Promise<T>): Promise<T>;
  get(name: string, signal: AbortSignal): Promise<Buffer | undefined>;
  remove(tx: Transaction, names: readonly string[]): Promise<void>;
};

type RecordFiles = (tx: Queryable) => Promise<void>;

/** Nobody guesses it, and it never stands for anything else. */
export const newFileName = (): string => `${randomBytes(16).toString("hex")}.webp`;

export const isFileName = (text: string): boolean => /^[0-9a-f]{32}\.webp$/.test(text);
