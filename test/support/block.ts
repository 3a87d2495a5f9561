/** Keeps the event loop of this process from turning. */
export function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}
