/** Blocks the event loop of this process. */
export function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}
