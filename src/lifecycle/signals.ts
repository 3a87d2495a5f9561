type Signals = Pick<NodeJS.Process, "on" | "off">;

/**
 * SIGTERM and the first SIGINT stop the server; a second SIGINT gives up at once. npm passes on a Ctrl-C that the
 * terminal already delivered, so two within a tenth of a second are one key press.
 */
export function onStopSignals(source: Signals, handlers: { stop(signal: string): void; abort(): void }): () => void {
  let interruptedAt: number | undefined;
  const onTerminate = () => handlers.stop("SIGTERM");
  const onInterrupt = () => {
    const now = performance.now();
    if (interruptedAt === undefined) {
      interruptedAt = now;
      handlers.stop("SIGINT");
    } else if (now - interruptedAt > 100) {
      handlers.abort();
    }
  };
  source.on("SIGTERM", onTerminate);
  source.on("SIGINT", onInterrupt);
  return () => {
    source.off("SIGTERM", onTerminate);
    source.off("SIGINT", onInterrupt);
  };
}
