import { cleanUp } from "../../test/shared/at-end.ts";
import { noOwnMachine } from "../../test/shared/namespaces.ts";
import { has, programs, provide } from "../../test/shared/programs.ts";
import { findWriteProblem } from "../find-write-problem.ts";
import { readArguments, usage } from "./arguments.ts";
import { faults } from "./faults/all.ts";
import { describeMachine, loadNow } from "./report/machine.ts";
import { images, writeReport } from "./report/write.ts";
import type { ProxyRun } from "./results.ts";
import { runBehindProxy } from "./run.ts";
import { runInside } from "./run-in-namespace.ts";
import { isPassed } from "./verdict.ts";

// npm run chaos: what users notice when things break, one fault at a time, on a machine of its own.

const inside = "HAVEN_CHAOS_OWN_MACHINE";
const needed = ["nginx", "haproxy", "redis-server", "openssl", "socat", "ip", "unshare"];

const names = faults.map(({ name }) => name);
const read = readArguments(process.argv.slice(2), names);
if (read.kind === "help") {
  process.stdout.write(usage(names));
  process.exit(0);
}
if (read.kind === "wrong") {
  process.stderr.write(`${read.why}\n\n${usage(names)}`);
  process.exit(2);
}
if (process.env[inside] === undefined) {
  await provide(programs.filter(({ command }) => needed.includes(command)));
  const missing = needed.filter((command) => !has(command));
  const lacking = missing.length > 0 ? `${missing.join(", ")} missing` : noOwnMachine();
  const { out } = read.options;
  const unwritable = out === undefined ? undefined : findWriteProblem(out, images);
  const obstacle = lacking === undefined ? unwritable : `Cannot run: ${lacking}.`;
  if (obstacle !== undefined) {
    process.stderr.write(`${obstacle}\n`);
    process.exit(1);
  }
  process.exit(await runInside({ [inside]: "yes" }));
}

const { options } = read;
const wanted = faults.filter(({ name, quick }) => (options.only ? name === options.only : !options.quick || quick));
const startedAt = performance.now();
const machine = await describeMachine();
const runs: ProxyRun[] = [];
let code = 1;
try {
  for (const proxy of options.proxies)
    runs.push(await runBehindProxy(proxy, wanted, options, (line) => process.stdout.write(`${line}\n`)));
  const minutes = (performance.now() - startedAt) / 60_000;
  if (options.out !== undefined) writeReport(options.out, { runs, minutes, machine: [...machine, loadNow()] });
  const passed = runs.every(isPassed);
  process.stdout.write(
    `${passed ? "Nothing was lost, doubled or refused that must not be" : "FAILED"}, in ${minutes.toFixed(1)} minutes.\n`,
  );
  code = passed ? 0 : 1;
} finally {
  await cleanUp();
}
process.exit(code);
