import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startInNamespaces } from "./namespaces.ts";

/** Re-runs this program in new Linux namespaces, removes its temporary files, and returns the exit code. */
export async function rerunInNamespaces(env: NodeJS.ProcessEnv): Promise<number> {
  const scratch = mkdtempSync(join(tmpdir(), "haven-namespaces-"));
  // The user that runs Postgres has to enter this folder.
  chmodSync(scratch, 0o711);
  const child = startInNamespaces(process.argv.slice(1), { ...process.env, ...env, TMPDIR: scratch });
  let interrupted = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      interrupted = true;
      child.kill("SIGKILL");
    });
  }
  const [code] = await once(child, "exit");
  // A child process may use the folder for a moment longer.
  rmSync(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  return interrupted ? 130 : (code ?? 1);
}
