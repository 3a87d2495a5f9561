export type OwnConnectionDeps<Client> = {
  /** Returns a client at once. The client may not be connected yet. */
  create(onError: (error: unknown) => void): Client;
  /** Resolves when the connection can be used. */
  connect(client: Client): Promise<unknown>;
  /** Ends the connection at once, also while it is being established. */
  destroy(client: Client): void;
};

/**
 * Creates a connection that only one check uses, so that the check passes while the pool of the app is full or its queries
 * are slow. The connection is kept as long as every run passes. A run that fails or is aborted destroys the connection,
 * because after a failover the address may lead to another server.
 */
export function createOwnConnection<Client>({ create, connect, destroy }: OwnConnectionDeps<Client>) {
  let current: { client: Client; connected: Promise<unknown>; failed: Promise<never> } | undefined;
  let cause: unknown;
  let busy = false;

  const drop = () => {
    if (current !== undefined) destroy(current.client);
    current = undefined;
  };

  const open = () => {
    cause = undefined;
    const failed = Promise.withResolvers<never>();
    const client = create((error) => {
      cause ??= error;
      failed.reject(error);
      if (!busy && current?.client === client) drop();
    });
    failed.promise.catch(() => undefined);
    const connected = connect(client);
    connected.catch(() => undefined);
    return { client, connected, failed: failed.promise };
  };

  return {
    async use<T>(signal: AbortSignal, work: (client: Client) => Promise<T>): Promise<T> {
      signal.throwIfAborted();
      const aborted = Promise.withResolvers<never>();
      const onAbort = () => {
        drop();
        aborted.reject(signal.reason);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      try {
        busy = true;
        current ??= open();
        const { client, connected, failed } = current;
        return await Promise.race([connected.then(() => work(client)), failed, aborted.promise]);
      } catch (error) {
        drop();
        // A client that lost its connection often reports the reason only in its "error" event.
        throw signal.aborted ? error : (cause ?? error);
      } finally {
        busy = false;
        signal.removeEventListener("abort", onAbort);
      }
    },
    close: drop,
  };
}

export type OwnConnection<Client> = ReturnType<typeof createOwnConnection<Client>>;
