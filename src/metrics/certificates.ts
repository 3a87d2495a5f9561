import type { Metrics } from "./registry.ts";

export type CertificateEnds = { all(): readonly { of: string; end: number }[] };

export function addCertificateMetrics(metrics: Pick<Metrics, "add">, certificates: CertificateEnds): void {
  metrics.add({
    name: "tls_certificate_expiry_timestamp_seconds",
    help: "Expiry time of the certificate that a server presented, in seconds since 1970.",
    type: "gauge",
    samples: () => certificates.all().map(({ of, end }) => ({ labels: { of }, value: Math.floor(end / 1000) })),
  });
}
