/** The certificates that servers have presented to this process. */
export type Certificates = {
  /**
   * Records when the certificate of a new connection expires, in milliseconds since 1970; undefined without TLS. If a
   * service has several servers, the earliest expiry counts.
   */
  record(service: string, expiresAt: number | undefined): void;
  /** Records the expiry for a service with one server. A later value replaces the previous one. */
  recordLatest(service: string, expiresAt: number | undefined): void;
  /**
   * Reads the expiry of the current certificate at intervals, because an open connection keeps the certificate with which
   * it began. Without `atOnce`, reading begins when a connection has presented a certificate.
   */
  refreshWith(of: string, read: ReadExpiry, options?: { atOnce: boolean }): void;
  all(): readonly { of: string; expiresAt: number }[];
  stop(): void;
};

type ReadExpiry = () => Promise<number | undefined>;

const refreshMs = 600_000;

export function watchCertificates({ everyMs = refreshMs } = {}): Certificates {
  const expiries = new Map<string, number>();
  const reads = new Map<string, { read: ReadExpiry; atOnce: boolean }>();
  const refresh = (of: string, read: ReadExpiry) =>
    read().then(
      (expiresAt) => {
        if (expiresAt !== undefined) expiries.set(of, expiresAt);
      },
      // The last known certificate stays in the report. The health check reports why the connection fails.
      () => undefined,
    );
  const timer = setInterval(() => {
    for (const [of, { read, atOnce }] of reads) if (atOnce || expiries.has(of)) void refresh(of, read);
  }, everyMs).unref();
  return {
    record(of, expiresAt) {
      if (expiresAt !== undefined) expiries.set(of, Math.min(expiresAt, expiries.get(of) ?? expiresAt));
    },
    recordLatest(of, expiresAt) {
      if (expiresAt !== undefined) expiries.set(of, expiresAt);
    },
    refreshWith(of, read, { atOnce } = { atOnce: false }) {
      reads.set(of, { read, atOnce });
      if (atOnce) void refresh(of, read);
    },
    all: () => [...expiries].map(([of, expiresAt]) => ({ of, expiresAt })),
    stop: () => clearInterval(timer),
  };
}
