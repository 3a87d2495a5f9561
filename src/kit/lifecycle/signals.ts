type Signals = Pick<NodeJS.Process, "on" | "off">;

export type StopHandlers = {
  /** Called once, at the first signal. */
  stop(signal: string): void;
  /** Called at a further SIGINT. */
  abort(): void;
  /** npm forwards a Ctrl-C that the terminal has already delivered: two SIGINT within 100 ms are one key press. */
  signalDuplicatedByNpm?: boolean;
};

/** Handles signals: SIGTERM and the first SIGINT stop the server; a second SIGINT aborts at once. */
export function onStopSignals(source: Signals, handlers: StopHandlers): () => void {
  const duplicateMs = handlers.signalDuplicatedByNpm ? 100 : 0;
  let stopping = false;
  let interruptedAt: number | undefined;
  const stop = (signal: string) => {
    if (!stopping) handlers.stop(signal);
    stopping = true;
  };
  const onTerminate = () => stop("SIGTERM");
  const onInterrupt = () => {
    const now = performance.now();
    if (interruptedAt === undefined) {
      interruptedAt = now;
      stop("SIGINT");
    } else if (now - interruptedAt > duplicateMs) {
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
