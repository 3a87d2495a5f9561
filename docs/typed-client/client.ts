import createClient from "openapi-fetch";
import type { components, paths } from "./haven.d.ts";

export const createHaven = (baseUrl: string) => createClient<paths>({ baseUrl });

/** Returns the data, or throws the problem that the server has returned. */
export function orThrow<Data>({ data, error }: { data?: Data; error?: components["schemas"]["Problem"] }): Data {
  if (data === undefined) throw new Error(`${error?.code}: ${error?.detail}`);
  return data;
}
