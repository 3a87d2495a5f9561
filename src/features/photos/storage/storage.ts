import { randomBytes } from "node:crypto";
import type { Queryable, Transaction } from "../../../db/pool.ts";

export type StoredFile = { name: string; bytes: Buffer };

/** Storage that all instances share. */
export type FileStore = {
  /**
   * Stores files together with the row that names them. `commit` runs the transaction of that row and calls
   * `recordFiles` in it. If `commit` fails, or does not call `recordFiles` because the row existed already, the files
   * are deleted.
   */
  put<T>(files: readonly StoredFile[], commit: (recordFiles: RecordFiles) => Promise<T>): Promise<T>;
  get(name: string, signal: AbortSignal): Promise<Buffer | undefined>;
  remove(tx: Transaction, names: readonly string[]): Promise<void>;
};

type RecordFiles = (tx: Queryable) => Promise<void>;

/** 128 random bits: a name cannot be guessed and is never reused. */
export const newFileName = (): string => `${randomBytes(16).toString("hex")}.webp`;

export const isFileName = (text: string): boolean => /^[0-9a-f]{32}\.webp$/.test(text);
