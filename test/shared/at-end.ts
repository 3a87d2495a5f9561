type Cleanup = () => Promise<unknown> | unknown;

const cleanups: Cleanup[] = [];

/** Registers a cleanup that runs after all tests of the file, latest first. (`after` runs after the current test.) */
export function atEnd(cleanup: Cleanup): void {
  cleanups.push(cleanup);
}

export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await runWithLimit(cleanup);
}

const limitMs = 20_000;

/** Rejects with a message when a cleanup hangs, so that only its own test file fails. */
async function runWithLimit(cleanup: Cleanup): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`This cleanup did not end in time: ${cleanup}`)), limitMs);
  try {
    await Promise.race([cleanup(), promise]);
  } finally {
    clearTimeout(timer);
  }
}
