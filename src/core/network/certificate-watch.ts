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
  refreshWith(service: string, read: ReadExpiry, options?: { atOnce: boolean }): void;
  all(): readonly { of: string; expiresAt: number }[];
  stop(): void;
};

type ReadExpiry = () => Promise<number | undefined>;

const defaultIntervalMs = 600_000;

export function watchCertificates({ intervalMs = defaultIntervalMs } = {}): Certificates {
  const expiries = new Map<string, number>();
  const reads = new Map<string, { read: ReadExpiry; atOnce: boolean }>();
  const refresh = (service: string, read: ReadExpiry) =>
    read().then(
      (expiresAt) => {
        if (expiresAt !== undefined) expiries.set(service, expiresAt);
      },
      // The last known certificate stays in the report. The health check reports why the connection fails.
      () => undefined,
    );
  const timer = setInterval(() => {
    for (const [service, { read, atOnce }] of reads) if (atOnce || expiries.has(service)) void refresh(service, read);
  }, intervalMs).unref();
  return {
    record(service, expiresAt) {
      if (expiresAt !== undefined) expiries.set(service, Math.min(expiresAt, expiries.get(service) ?? expiresAt));
    },
    recordLatest(service, expiresAt) {
      if (expiresAt !== undefined) expiries.set(service, expiresAt);
    },
    refreshWith(service, read, { atOnce } = { atOnce: false }) {
      reads.set(service, { read, atOnce });
      if (atOnce) void refresh(service, read);
    },
    all: () => [...expiries].map(([of, expiresAt]) => ({ of, expiresAt })),
    stop: () => clearInterval(timer),
  };
}
