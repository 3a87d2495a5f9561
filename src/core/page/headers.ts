import { createHash } from "node:crypto";

/** Returns the headers of a page with one inline script and one inline style: the browser loads and runs nothing else. */
export function pageHeaders({ script, style }: { script: string; style: string }): Readonly<Record<string, string>> {
  return {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": [
      "default-src 'none'",
      `script-src ${script === "" ? "'none'" : cspHash(script)}`,
      `style-src ${cspHash(style)}`,
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

const cspHash = (block: string): string => `'sha256-${createHash("sha256").update(block).digest("base64")}'`;
