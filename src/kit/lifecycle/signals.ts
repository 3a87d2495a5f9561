type Signals = Pick<NodeJS.Process, "on" | "off">;

/**
 * The actions that signals cause.
 * @example const handlers: StopHandlers = { stop: () => void close(), abort: () => process.exit(130) };
 */
export type StopHandlers = {
  /** Called once, at the first signal. */
  stop(signal: string): void;
  /** Called at a further SIGINT. */
  abort(): void;
  /**
   * Whether two SIGINT within 100 ms count as one. For one Ctrl-C, the terminal sends SIGINT to this process, and npm
   * sends it again.
   */
  signalDuplicatedByNpm?: boolean;
  /**
   * Returns the id of the parent process. When the id changes, the server stops as for SIGTERM. npm runs a script in a
   * shell, and a signal to npm ends that shell without reaching this process.
   */
  parentPid?: (() => number) | undefined;
};

const parentPollMs = 100;

/**
 * Handles signals. SIGTERM and the first SIGINT stop the server. A second SIGINT aborts at once.
 * Use it for a process without a server. For a process with a server, use `health.stopOnSignals`.
 * @example const removeHandlers = onStopSignals(process, { stop: () => void close(), abort: () => process.exit(130) });
 */
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
  const parentPoll = handlers.parentPid && watchParent(handlers.parentPid, onTerminate);
  source.on("SIGTERM", onTerminate);
  source.on("SIGINT", onInterrupt);
  return () => {
    clearInterval(parentPoll);
    source.off("SIGTERM", onTerminate);
    source.off("SIGINT", onInterrupt);
  };
}

/** Returns the options that `onStopSignals` needs in a process that npm has started; none in any other process. */
export function optionsUnderNpm(process: NodeJS.Process): Pick<StopHandlers, "signalDuplicatedByNpm" | "parentPid"> {
  if (process.env["npm_lifecycle_event"] === undefined) return {};
  return { signalDuplicatedByNpm: true, parentPid: () => process.ppid };
}

function watchParent(parentPid: () => number, onEnd: () => void): NodeJS.Timeout {
  const parent = parentPid();
  return setInterval(() => {
    if (parentPid() !== parent) onEnd();
  }, parentPollMs).unref();
}
