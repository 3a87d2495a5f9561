import { createHash } from "node:crypto";

/** Goes with a page of ours: nothing runs, loads or is sent anywhere but the one script and the one style in it. */
export function pageHeaders({ script, style }: { script: string; style: string }): Readonly<Record<string, string>> {
  return {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": [
      "default-src 'none'",
      `script-src ${script === "" ? "'none'" : hashOf(script)}`,
      `style-src ${hashOf(style)}`,
      "img-src data:",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join("; "),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
  };
}

const hashOf = (block: string): string => `'sha256-${createHash("sha256").update(block).digest("base64")}'`;
