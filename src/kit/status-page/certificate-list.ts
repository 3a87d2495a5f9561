import { type Html, html, nothing } from "../../core/page/html.ts";
import type { CertificateReport, HealthReport } from "../health/health-report.ts";
import { formatCount, formatDateTime } from "./format.ts";
import { type ShapeName, shape, type Tone } from "./shapes.ts";

/** The page shows a warning or an alarm if fewer days are left than these. The shipped alerts use the same figures. */
export const certificateLimits = { warningDays: 21, alarmDays: 7 } as const;

/** Renders the certificates that the dependencies presented; nothing if no dependency uses TLS. */
export function renderCertificates({ certificates }: HealthReport): Html {
  if (certificates.length === 0) return nothing;
  return html`
    <section aria-labelledby="certificates">
      <h2 id="certificates">Certificates</h2>
      <dl class="meters">${certificates.map(renderCertificate)}</dl>
    </section>`;
}

function renderCertificate({ of, expiresAt, daysLeft }: CertificateReport): Html {
  const { tone, name, word } = appearanceOf(daysLeft);
  const value = daysLeft < 0 ? "expired" : formatCount(daysLeft, "day");
  return html`
    <div class="${tone}" data-key="certificate-${of}">
      <dt>${of}</dt>
      <dd><span class="value">${value}</span>${word !== "" && html`<span class="state ${tone}">${shape(name)}${word}</span>`}<span class="note">valid until ${formatDateTime(expiresAt)}</span></dd>
    </div>`;
}

function appearanceOf(daysLeft: number): { tone: Tone; name: ShapeName; word: string } {
  if (daysLeft < certificateLimits.alarmDays) return { tone: "bad", name: "octagon", word: "renew now" };
  if (daysLeft < certificateLimits.warningDays) return { tone: "warn", name: "triangle", word: "renew soon" };
  return { tone: "good", name: "tick", word: "" };
}
