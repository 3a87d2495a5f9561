import type { Config } from "./config/read-config.ts";
import type { Running } from "./server.ts";

export type Login = { email: string; password: string };

/** What a person sees who started the server at a keyboard. */
export function banner(
  config: Config,
  { port, managementPort, engines }: Pick<Running, "port" | "managementPort" | "engines">,
  login?: Login,
): string {
  const at = `http://localhost:${port}`;
  const ops = managementPort === undefined ? at : `http://localhost:${managementPort}`;
  const services = engines === undefined ? "your own Postgres and Redis" : engineLine(config, engines);
  return `
  Haven is listening on ${at}
  with ${services}

  Try:
    curl '${at}/ready?verbose'
    ${signIn(at, engines?.databaseUrl === undefined ? undefined : login)}
    ${at}/api in a browser: where to go; ${at}/api/docs: every call, to try
    ${ops}/health/detailed in a browser: how it is

  Ctrl-C ends it.

`;
}

function engineLine(config: Config, { databaseUrl, redisUrl, shared }: NonNullable<Running["engines"]>): string {
  const embedded = [databaseUrl && "Postgres", redisUrl && "Valkey"].filter(Boolean).join(" and ");
  const own =
    databaseUrl === undefined ? " and your own Postgres" : redisUrl === undefined ? " and your own Redis" : "";
  const where = shared
    ? ", shared with the Haven that runs in this folder, and ending with it"
    : databaseUrl && `, Postgres keeping its data in ${config.embeddedDataDir}/`;
  return `embedded ${embedded}${own}${where ?? ""}`;
}

/** With the demo account where there is one. */
function signIn(at: string, login: Login | undefined): string {
  if (login === undefined) return `curl ${at}/api`;
  return `curl ${at}/api/v1/auth/login --json '${JSON.stringify(login)}'`;
}
