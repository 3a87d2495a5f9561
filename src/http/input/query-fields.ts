import { AppError } from "../../core/errors/app-error.ts";

const maxParameters = 50;

/**
 * Returns the query parameters by name. A repeated parameter becomes an array, which the schema of a single value
 * rejects.
 */
export function queryFields(url: string): Record<string, string | string[]> {
  const questionMark = url.indexOf("?");
  if (questionMark === -1) return {};
  const query = url.slice(questionMark + 1);
  if (countParameters(query) > maxParameters) {
    const message = `has more than ${maxParameters} parameters`;
    throw new AppError("validation_failed", `query: ${message}`, { errors: [{ path: "query", message }] });
  }
  const fields = new Map<string, string | string[]>();
  for (const [name, value] of new URLSearchParams(query)) {
    const previous = fields.get(name);
    fields.set(name, previous === undefined ? value : [previous, value].flat());
  }
  return Object.fromEntries(fields);
}

function countParameters(query: string): number {
  let count = 1;
  for (let at = query.indexOf("&"); at !== -1; at = query.indexOf("&", at + 1)) count += 1;
  return count;
}
