import { ask } from "../shared/requests/http.ts";

/** Reads one metric of an instance. Returns 0 if the metric does not exist. */
export async function metric(url: string, name: string): Promise<number> {
  const { text } = await ask(`${url}/metrics`);
  return Number(new RegExp(`^${RegExp.escape(name)} (\\S+)$`, "m").exec(text)?.[1] ?? 0);
}

export const residentMegabytes = async (url: string) => (await metric(url, "process_resident_memory_bytes")) / 1e6;
