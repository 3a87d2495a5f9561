import { AppError } from "../core/errors/app-error.ts";

/** Resources of other owners return 404 with the same text, so that their ids cannot be discovered. */
export function orNotFound<Row>(row: Row | undefined, resource: string): Row {
  if (row === undefined) throw notFound(resource);
  return row;
}

export const notFound = (resource: string): AppError =>
  new AppError("not_found", `${resource.charAt(0).toUpperCase()}${resource.slice(1)} not found.`);
