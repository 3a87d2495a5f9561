import { spawn } from "node:child_process";
import { once } from "node:events";

export type Outcome = { code: number | null; output: string };

export type ProgramOptions = { cwd?: string; env?: NodeJS.ProcessEnv; input?: string; timeoutMs?: number };

/** Runs a program until it exits, and returns its output on both streams. */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Outcome> {
  const { cwd, env = process.env, input = "", timeoutMs = 60_000 } = options;
  const child = spawn(command, args, { cwd, env, stdio: ["pipe", "pipe", "pipe"], timeout: timeoutMs });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk));
  // A program that exits at once does not read its input.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const [code] = await once(child, "close");
  return { code, output };
}
