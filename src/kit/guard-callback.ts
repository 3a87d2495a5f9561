const warned = new Set<string>();

/**
 * Reports an error of the app's own code that must not stop the checks or the process. Each message is reported once.
 */
export function warn(what: string, error: unknown): void {
  if (warned.has(what)) return;
  warned.add(what);
  process.emitWarning(error instanceof Error ? `${what}: ${error.message}` : what, { type: "HealthWarning" });
}

/**
 * Calls a function of the app. If it throws, the error becomes a warning and the result is undefined. A rejection
 * becomes a warning, too.
 */
export function guard<T>(name: string, call: () => T): T | undefined {
  try {
    const result = call();
    if (result instanceof Promise) result.catch((error: unknown) => warn(`${name} rejected`, error));
    return result;
  } catch (error) {
    warn(`${name} threw`, error);
    return undefined;
  }
}
