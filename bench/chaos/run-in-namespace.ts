import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startOnOwnMachine } from "../../test/shared/namespaces.ts";

/** Runs this program in its own namespaces, removes everything at the end, and returns the exit code. */
export async function runInside(env: NodeJS.ProcessEnv): Promise<number> {
  const scratch = mkdtempSync(join(tmpdir(), "haven-chaos-"));
  // the user that Postgres runs as enters it
  chmodSync(scratch, 0o711);
  const child = startOnOwnMachine(process.argv.slice(1), { ...process.env, ...env, TMPDIR: scratch });
  let interrupted = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      interrupted = true;
      child.kill("SIGKILL");
    });
  }
  const [code] = await once(child, "exit");
  // Processes that ended with it may need a moment to release the folder.
  rmSync(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  return interrupted ? 130 : (code ?? 1);
}
