/** Aborted when the run is interrupted, so that servers and loads stop in order. */
const ending = new AbortController();

export const interruption: AbortSignal = ending.signal;

export class Interrupted extends Error {}

export function listenForInterruption(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => ending.abort(new Interrupted(signal)));
}

/** Rejects when the run is interrupted. */
export const interrupted = (): Promise<never> =>
  new Promise((_, reject) => {
    const end = () => reject(interruption.reason);
    if (interruption.aborted) end();
    else interruption.addEventListener("abort", end, { once: true });
  });
