export type Credentials = {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  /** Milliseconds since 1970; undefined if the credentials do not expire. */
  expiresAt?: number;
};

export type CredentialSource = {
  get(): Promise<Credentials>;
  /** Call after the bucket has rejected the credentials: the next call of `get` fetches new ones. */
  invalidate(): void;
};

/** Credentials are replaced this long before they expire, so that no request is signed with expired ones. */
const renewBeforeMs = 300_000;
/** The pause after a failed renewal, while the current credentials are still valid. */
const retryPauseMs = 10_000;

/** Keeps credentials until shortly before they expire. If a renewal fails, they are used until they expire. */
export function cacheCredentials(fetchNew: () => Promise<Credentials>, now = Date.now): CredentialSource {
  let current: Credentials | undefined;
  let renewAt = 0;
  let running: Promise<Credentials> | undefined;
  const renew = async (): Promise<Credentials> => {
    try {
      current = await fetchNew();
      renewAt = (current.expiresAt ?? Number.POSITIVE_INFINITY) - renewBeforeMs;
      return current;
    } catch (error) {
      if (current === undefined || (current.expiresAt ?? 0) <= now()) throw error;
      renewAt = now() + retryPauseMs;
      return current;
    }
  };
  return {
    async get() {
      if (current !== undefined && now() < renewAt) return current;
      running ??= renew().finally(() => {
        running = undefined;
      });
      return running;
    },
    invalidate() {
      current = undefined;
    },
  };
}

/** The message names the source and the status, but no text of the response. */
export class CredentialsError extends Error {
  override readonly name = "CredentialsError";
  readonly code: string;

  constructor(source: string, detail: string | number, options?: ErrorOptions) {
    super(`Credentials from ${source} are not available: ${detail}.`, options);
    this.code = "CREDENTIALS";
  }
}
