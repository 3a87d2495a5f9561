import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { withTimeout } from "../../../src/core/timing/stall-tolerant-timeout.ts";

const script = fileURLToPath(new URL("./app.ts", import.meta.url));
const lineLimitMs = 20_000;

const messageSchema = z.object({
  databaseUrl: z.string().default(""),
  redisUrl: z.string().default(""),
  shared: z.boolean().optional(),
  received: z.string().optional(),
  failed: z.string().optional(),
});
/** Starts the application in a separate process and process group, as a shell would start it. */
export function startApp(test: TestContext, dataDir: string) {
  const child = spawn(process.execPath, [script, dataDir], { detached: true, stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const { pid } = child;
  if (pid === undefined) throw new Error("the application did not start");
  test.after(() => end(child, "SIGKILL"));
  return {
    pid,
    async message() {
      const { value } = await withTimeout(
        lineLimitMs,
        lines.next(),
        () => new Error("the application sent no message"),
      );
      return messageSchema.parse(JSON.parse(value ?? "null"));
    },
    kill: () => end(child, "SIGKILL"),
    async stop() {
      child.stdin.write("stop\n");
      if (child.exitCode === null)
        await withTimeout(lineLimitMs, once(child, "exit"), () => new Error("does not stop"));
    },
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}
