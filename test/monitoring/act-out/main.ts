import { rerunInNamespaces } from "../../shared/rerun-in-namespaces.ts";

// npm run act-out [-- ALERT …]: causes each alert on a running set-up, follows its section of docs/runbook.md, and writes the
// measured times into that page. Needs Linux, root, and the programs of test/shared/programs.ts.

const inside = "HAVEN_ACT_OUT_INSIDE";

if (process.env[inside] === undefined) process.exit(await rerunInNamespaces({ [inside]: "yes" }));
const { runCases } = await import("./run-cases.ts");
process.exit(await runCases(process.argv.slice(2)));
