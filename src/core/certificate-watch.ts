/** The certificates that servers have presented to this process. */
export type Certificates = {
  /** Records the certificate of a new connection. `end` is undefined without TLS. Of several servers, the earliest end counts. */
  record(service: string, end: number | undefined): void;
  /**
   * Re-reads the end of the certificate at intervals, because an open connection keeps the certificate with which it
   * began. Without `atOnce`, re-reading begins when a connection has presented a certificate.
   */
  refreshWith(of: string, read: ReadEnd, options?: { atOnce: boolean }): void;
  all(): readonly { of: string; end: number }[];
  stop(): void;
};

type ReadEnd = () => Promise<number | undefined>;

const refreshMs = 600_000;

export function watchCertificates({ everyMs = refreshMs } = {}): Certificates {
  const ends = new Map<string, number>();
  const reads = new Map<string, { read: ReadEnd; atOnce: boolean }>();
  const refresh = (of: string, read: ReadEnd) =>
    read().then(
      (end) => {
        if (end !== undefined) ends.set(of, end);
      },
      // The last known certificate stays in the report. The health check reports why the connection fails.
      () => undefined,
    );
  const timer = setInterval(() => {
    for (const [of, { read, atOnce }] of reads) if (atOnce || ends.has(of)) void refresh(of, read);
  }, everyMs).unref();
  return {
    record(of, end) {
      if (end !== undefined) ends.set(of, Math.min(end, ends.get(of) ?? end));
    },
    refreshWith(of, read, { atOnce } = { atOnce: false }) {
      reads.set(of, { read, atOnce });
      if (atOnce) void refresh(of, read);
    },
    all: () => [...ends].map(([of, end]) => ({ of, end })),
    stop: () => clearInterval(timer),
  };
}
