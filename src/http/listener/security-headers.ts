/** The content security policy for API responses allows nothing. Each HTML page replaces it with its own policy. */
export function securityHeaders({ production }: { production: boolean }): ReadonlyMap<string, string> {
  const headers = new Map([
    ["X-Content-Type-Options", "nosniff"],
    ["X-Frame-Options", "DENY"],
    ["Referrer-Policy", "no-referrer"],
    ["Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"],
    ["Cross-Origin-Resource-Policy", "same-origin"],
  ]);
  if (production) headers.set("Strict-Transport-Security", "max-age=31536000; includeSubDomains");
  return headers;
}
