type Cleanup = () => Promise<unknown> | unknown;

const cleanups: Cleanup[] = [];

/** Done when the whole file is done, latest first. (`after` would belong to whichever test happens to run.) */
export function atEnd(cleanup: Cleanup): void {
  cleanups.push(cleanup);
}

export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await within(cleanup);
}

const limitMs = 20_000;

/** A cleanup that hangs fails its file by name, and not the whole run by silence. */
async function within(cleanup: Cleanup): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`This cleanup did not end: ${cleanup}`)), limitMs);
  try {
    await Promise.race([cleanup(), promise]);
  } finally {
    clearTimeout(timer);
  }
}
