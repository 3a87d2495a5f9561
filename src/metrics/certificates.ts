import type { Metrics } from "./registry.ts";

export type CertificateExpiries = { all(): readonly { of: string; expiresAt: number }[] };

export function addCertificateMetrics(metrics: Pick<Metrics, "add">, certificates: CertificateExpiries): void {
  metrics.add({
    name: "tls_certificate_expiry_timestamp_seconds",
    help: "Expiry time of the certificate that a server presented, in seconds since 1970.",
    type: "gauge",
    samples: () =>
      certificates.all().map(({ of, expiresAt }) => ({ labels: { of }, value: Math.floor(expiresAt / 1000) })),
  });
}
