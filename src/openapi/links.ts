export type Links = Readonly<Record<string, string>>;

/** Returns the entry points of the API, as `GET /api` lists them. */
export const linksOf = (servesOperators: boolean): Links => ({
  docs: "/api/docs",
  openapi: "/api/openapi.json",
  live: "/alive",
  ready: "/ready",
  startup: "/startup",
  ...(servesOperators && {
    health: "/health/detailed",
    metrics: "/metrics",
    circuitBreakers: "/api/v1/circuit-breakers",
    instances: "/api/v1/instances",
  }),
  register: "/api/v1/auth/register",
  login: "/api/v1/auth/login",
  me: "/api/v1/auth/me",
  properties: "/api/v1/properties",
  maintenanceRequests: "/api/v1/maintenance-requests",
  stream: "/api/v1/stream",
  keys: "/.well-known/jwks.json",
});
