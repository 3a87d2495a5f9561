import { type CliContext, runDoctor } from "./command.ts";
import { usageOf } from "./command-line.ts";

const usageExitCode = 64;

type Start = Pick<CliContext, "version" | "program" | "shippedFolder">;

/** Runs the doctor with the environment, the working folder and the standard streams of this process. */
export async function runInProcess(args: readonly string[], start: Start): Promise<void> {
  const { stdout, stderr } = process;
  const result = await runDoctor(args, {
    ...start,
    environment: process.env,
    folder: process.cwd(),
    columns: stdout.isTTY ? stdout.columns : undefined,
    reportUsageError: (message) => void stderr.write(message),
  });
  // Not process.exit, which would cut off a long report if the output is a pipe.
  process.exitCode = result?.exitCode ?? usageExitCode;
  // A reader that closes the pipe early, as in `| head`, is not an error.
  stdout.on("error", () => undefined);
  if (result === undefined) stderr.write(usageOf(start.program));
  else stdout.write(result.output);
}
