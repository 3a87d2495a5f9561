import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import { postgresBinaries } from "../../../src/embedded/postgres/binaries.ts";
import { runProgram } from "../../../test/shared/run-program.ts";

/** Returns the machine and the versions of the programs, as rows of a table. */
export async function describeMachine(): Promise<readonly (readonly [string, string])[]> {
  const firstLine = async (command: string, ...args: string[]) =>
    (await runProgram(command, args)).output.trim().split("\n")[0] ?? "";
  const version = async (command: string, ...args: string[]) =>
    /\d+\.\d+(\.\d+)?/.exec(await firstLine(command, ...args))?.[0] ?? "unknown";
  return [
    ["processor", `${cpus()[0]?.model ?? "unknown"}, ${availableParallelism()} cores`],
    ["memory", `${Math.round(totalmem() / 2 ** 30)} GiB`],
    ["kernel", `Linux ${release()}`],
    ["Node", process.version],
    ["NGINX", await version("nginx", "-v")],
    ["HAProxy", await version("haproxy", "-v")],
    ["Postgres", await version(postgresBinaries().postgres, "--version")],
    ["Redis", await version("redis-server", "--version")],
  ];
}

/** Returns the load average, which shows whether other programs used the machine. */
export const loadNow = () => ["15-minute load average", loadavg()[2]?.toFixed(1) ?? "unknown"] as const;
