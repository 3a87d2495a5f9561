import { AppError } from "../core/app-error.ts";

const maxParameters = 50;

/** The query of a URL by name. A parameter that is repeated becomes a list, which no schema of a single value accepts. */
export function queryFields(url: string): Record<string, string | string[]> {
  const mark = url.indexOf("?");
  if (mark === -1) return {};
  const query = url.slice(mark + 1);
  if (countParameters(query) > maxParameters) {
    const message = `has more than ${maxParameters} parameters`;
    throw new AppError("validation_failed", `query: ${message}`, { errors: [{ path: "query", message }] });
  }
  const fields = new Map<string, string | string[]>();
  for (const [name, value] of new URLSearchParams(query)) {
    const before = fields.get(name);
    fields.set(name, before === undefined ? value : [before, value].flat());
  }
  return Object.fromEntries(fields);
}

function countParameters(query: string): number {
  let count = 1;
  for (let at = query.indexOf("&"); at !== -1; at = query.indexOf("&", at + 1)) count += 1;
  return count;
}
