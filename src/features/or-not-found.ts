import { AppError } from "../core/app-error.ts";

/** What is another's, and what does not exist, is told in the same words. */
export function found<Row>(row: Row | undefined, what: string): Row {
  if (row === undefined) throw noSuch(what);
  return row;
}

export const noSuch = (what: string): AppError => new AppError("not_found", `There is no such ${what} of yours.`);
