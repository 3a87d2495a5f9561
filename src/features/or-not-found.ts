import { AppError } from "../core/app-error.ts";

/** What is another's, and what does not exist, is told in the same words. */
export function orNotFound<Row>(row: Row | undefined, what: string): Row {
  if (row === undefined) throw notFound(what);
  return row;
}

export const notFound = (what: string): AppError => new AppError("not_found", `There is no such ${what} of yours.`);
