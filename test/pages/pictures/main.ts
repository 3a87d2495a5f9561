import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cleanUp } from "../../shared/at-end.ts";
import { findNamespaceProblem } from "../../shared/namespaces.ts";
import { programs, provide } from "../../shared/programs.ts";
import { rerunInNamespaces } from "../../shared/rerun-in-namespaces.ts";

// npm run pictures [-- OPTIONS]: takes the pictures of docs/images again, of a real first start in a
// terminal, and of the status pages of real instances on real stores, in the states that docs/status-page.md shows.

const insideVariable = "HAVEN_PICTURES_INSIDE";
const requiredCommands = ["chromium", "redis-server", "pg_virtualenv", "openssl", "unshare", "ip"];
const usage = `Usage: npm run pictures [-- OPTIONS]

Takes the pictures of the status page and of the terminal, from a real server, and writes them to docs/images.
Takes about five minutes. Needs Debian or Ubuntu and root: it installs Chromium, Postgres and Redis if they are missing.

  --out FOLDER   another folder
  --terminal     only the picture of the terminal
  --full-page    the whole pages instead of the first screen, for a review
`;

const { values } = parseArgs({
  options: {
    out: { type: "string" },
    "full-page": { type: "boolean" },
    terminal: { type: "boolean" },
    help: { type: "boolean" },
  },
});
if (values.help === true) {
  process.stdout.write(usage);
  process.exit(0);
}
if (process.env[insideVariable] === undefined) {
  await provide(programs.filter(({ command }) => requiredCommands.includes(command)));
  const problem = findNamespaceProblem();
  if (problem !== undefined) {
    process.stderr.write(`Cannot run: ${problem}.\n`);
    process.exit(1);
  }
  process.exit(await rerunInNamespaces({ [insideVariable]: "yes" }));
}
const { takePictures } = await import("./take-pictures.ts");
let code = 1;
try {
  const folder = values.out ?? fileURLToPath(new URL("../../../docs/images", import.meta.url));
  const options = { folder, fullPage: values["full-page"] === true };
  await takePictures(options, values.terminal === true ? ["terminal"] : ["terminal", "status pages"]);
  code = 0;
} finally {
  await cleanUp();
}
process.exit(code);
