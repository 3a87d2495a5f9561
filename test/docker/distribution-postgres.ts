import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { atEnd } from "../shared/at-end.ts";

/**
 * Starts the Postgres of the distribution with its pg_dump and pg_restore, which the embedded Postgres does not
 * include. Returns the environment variables for these programs.
 */
export async function startDistributionPostgres(): Promise<Record<string, string>> {
  // The script runs until its standard input ends.
  const script = "env | grep '^PG'; echo ready; cat";
  // pg_virtualenv names the superuser after the user that starts it.
  const env = { ...process.env, USER: "postgres" };
  const cluster = spawn("pg_virtualenv", ["-t", "sh", "-c", script], { env, stdio: ["pipe", "pipe", "ignore"] });
  const ended = once(cluster, "exit");
  atEnd(() => {
    cluster.stdin.end();
    return ended;
  });
  const variables: Record<string, string> = {};
  for await (const line of createInterface(cluster.stdout)) {
    const [, name, value] = /^(PG\w+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) variables[name] = value;
    if (line === "ready") return variables;
  }
  throw new Error("pg_virtualenv ended before its Postgres was ready");
}
