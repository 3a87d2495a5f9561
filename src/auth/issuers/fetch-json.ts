import { CheckFailed } from "../../core/errors/failure-reason.ts";

/** The time limit of the whole request, including the body of the response. */
const timeoutMs = 3000;
const maxBytes = 262_144;

/** Fetches JSON from an issuer. Redirects are refused, because they could lead to an address that is not allowed. */
export async function fetchJson(url: string): Promise<unknown> {
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await fetch(url, { redirect: "error", signal, headers: { accept: "application/json" } });
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel();
    throw new CheckFailed("failed");
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.length;
    // Leaving the loop cancels the body.
    if (size > maxBytes) throw new CheckFailed("over_limit");
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString());
}
