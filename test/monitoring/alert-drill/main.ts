import { rerunInNamespaces } from "../../shared/rerun-in-namespaces.ts";
import { cases } from "./cases/all.ts";

// npm run alert-drill [-- ALERT …]: causes each alert on a running set-up, runs the commands of its section of docs/runbook.md,
// and writes into that page how long the search for the cause took. Needs Linux, root, and the programs of test/shared/programs.ts.

const insideVariable = "HAVEN_ALERT_DRILL_INSIDE";
const requestedAlerts = process.argv.slice(2);

if (requestedAlerts.includes("--help")) {
  process.stdout.write(`Usage: npm run alert-drill [-- ALERT ...]

Causes each alert (or only these) on a running set-up, runs the commands of its section of docs/runbook.md, and writes into
that page how long the search for the cause took. Needs Linux and root. ALERT_DRILL_VERBOSE=1 prints the output of the commands.
`);
  process.exit(0);
}
const unknown = requestedAlerts.filter((name) => cases.every(({ alert }) => alert !== name));
if (unknown.length > 0) {
  process.stderr.write(`There is no alert ${unknown.join(", ")}.\n`);
  process.exit(2);
}
if (process.env[insideVariable] === undefined) process.exit(await rerunInNamespaces({ [insideVariable]: "yes" }));
const { runCases } = await import("./run-cases.ts");
process.exit(await runCases(requestedAlerts));
