type Signals = Pick<NodeJS.Process, "on" | "off">;

export type StopHandlers = {
  /** Called once, whatever follows. */
  stop(signal: string): void;
  abort(): void;
  /** npm passes on a Ctrl-C that the terminal already delivered: two within a tenth of a second are one key press. */
  signalDuplicatedByNpm?: boolean;
};

/** SIGTERM and the first SIGINT stop the server; a second SIGINT gives up at once. */
export function onStopSignals(source: Signals, handlers: StopHandlers): () => void {
  const echoMs = handlers.signalDuplicatedByNpm ? 100 : 0;
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
    } else if (now - interruptedAt > echoMs) {
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
