import { startEngines } from "../../../src/embedded/engines.ts";

// Runs in place of the application: starts engines in a folder, reports signals, and stops at the first input.
const report = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);

process.on("SIGINT", () => report({ received: "SIGINT" }));
try {
  const engines = await startEngines({
    dataDir: process.argv[2] ?? "",
    postgres: true,
    redis: true,
    log: () => {},
  });
  process.stdin.once("data", async () => {
    await engines.stop();
    process.exit(0);
  });
  report({ ...engines });
} catch (error) {
  report({ failed: error instanceof Error ? error.message : String(error) });
  process.exit(1);
}
