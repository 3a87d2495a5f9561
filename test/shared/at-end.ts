type Cleanup = () => Promise<unknown> | unknown;

const cleanups: Cleanup[] = [];

/** Runs the cleanups at the end of the file, latest first. (`after` would belong to the test that is running.) */
export function atEnd(cleanup: Cleanup): void {
  cleanups.push(cleanup);
}

export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await within(cleanup);
}

const limitMs = 20_000;

/** A cleanup that hangs fails only its own file, with a message. */
async function within(cleanup: Cleanup): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`This cleanup did not end: ${cleanup}`)), limitMs);
  try {
    await Promise.race([cleanup(), promise]);
  } finally {
    clearTimeout(timer);
  }
}
