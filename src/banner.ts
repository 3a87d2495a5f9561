import type { Config } from "./config/read-config.ts";
import type { Running } from "./server.ts";

export type Login = { email: string; password: string };

/** Returns the text that `npm start` prints when the server is ready. */
export function banner(
  config: Config,
  { port, managementPort, engines }: Pick<Running, "port" | "managementPort" | "engines">,
  login?: Login,
  problem?: string,
): string {
  const url = `http://localhost:${port}`;
  const operatorUrl = managementPort === undefined ? url : `http://localhost:${managementPort}`;
  const services = engines === undefined ? "your own Postgres and Redis" : engineLine(config, engines);
  return `
  Haven is listening on ${url}
  with ${services}
${problem === undefined ? "" : `\n  Not ready: ${problem}\n  The server tries again every second; until then, requests that need Postgres fail.\n`}
  Try:
    curl '${url}/ready?verbose'
    ${signInCommand(url, engines?.databaseUrl === undefined ? undefined : login)}
    ${url}/api (start page) and ${url}/api/docs (API reference) in a browser
    ${operatorUrl}/health/detailed (status page) in a browser

  Press Ctrl-C to stop.

`;
}

function engineLine(config: Config, { databaseUrl, redisUrl, shared }: NonNullable<Running["engines"]>): string {
  const embedded = [databaseUrl && "Postgres", redisUrl && "Valkey"].filter(Boolean).join(" and ");
  const external =
    databaseUrl === undefined ? " and your own Postgres" : redisUrl === undefined ? " and your own Redis" : "";
  const where = shared
    ? ", shared with the process that started it in this folder and will also stop it (npm run dev, or another server)"
    : databaseUrl && `, with Postgres data in ${config.embeddedDataDir}/`;
  return `embedded ${embedded}${external}${where ?? ""}`;
}

/** Returns a command that signs in with the demo account, if there is one. */
function signInCommand(url: string, login: Login | undefined): string {
  if (login === undefined) return `curl ${url}/api`;
  return `curl ${url}/api/v1/auth/login --json '${JSON.stringify(login)}'`;
}
