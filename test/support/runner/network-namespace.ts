import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { runInNamespaces } from "../../shared/namespaces.ts";

// Loaded before each test file. Files of test/edge re-run in their own namespaces, which end with the file.

const insideVariable = "HAVEN_TEST_OWN_MACHINE";
const edge = fileURLToPath(new URL("../../edge/", import.meta.url));

export const isEdgeTest = (file: string): boolean => !relative(edge, file).startsWith("..");

if (process.env["NODE_TEST_CONTEXT"] !== undefined && process.env[insideVariable] === undefined) {
  const file = process.argv[1] ?? "";
  if (isEdgeTest(file)) {
    // The results of the child are passed to the runner as those of this process.
    const nodeArguments = [...process.execArgv, ...process.argv.slice(1)];
    process.exit(runInNamespaces(nodeArguments, { ...process.env, [insideVariable]: "yes" }));
  }
}
