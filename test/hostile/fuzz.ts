import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

// npm run fuzz -- --minutes N: runs the cases of the suite with new seeds for N minutes.

const usage = `Usage: npm run fuzz -- [--minutes N] [--seed N]

  --minutes N  how long to send hostile requests (default 20)
  --seed N     the seed from which requests are generated; the report states it (default: the time)
`;

if (process.argv.includes("--help")) {
  process.stdout.write(usage);
  process.exit();
}
const options = readOptions(process.argv.slice(2));
if (options === undefined) {
  process.stderr.write(usage);
  process.exit(64);
}
const { minutes, seed } = options;
process.stdout.write(`Hostile requests for ${minutes} minutes, from seed ${seed}.\n`);
const { status } = spawnSync(
  process.execPath,
  [
    fileURLToPath(new URL("../run.ts", import.meta.url)),
    fileURLToPath(new URL("./hostile-requests.serial.test.ts", import.meta.url)),
  ],
  { stdio: "inherit", env: { ...process.env, HOSTILE_MINUTES: String(minutes), HOSTILE_SEED: String(seed) } },
);
process.exit(status ?? 1);

function readOptions(args: readonly string[]): { minutes: number; seed: number } | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { minutes: { type: "string" }, seed: { type: "string" } },
    });
    const minutes = Number(values.minutes ?? 20);
    const seed = Number(values.seed ?? Math.floor(Date.now() / 1000));
    return minutes > 0 && Number.isInteger(seed) ? { minutes, seed } : undefined;
  } catch {
    return undefined;
  }
}
