import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { fileOf, provideGoProgram } from "../shared/go-program.ts";
import { vacuum, vacuumArguments } from "./support/vacuum.ts";

// npm run vacuum: lints docs/openapi.json with vacuum. It is not part of npm test, because the first run builds vacuum, which
// takes ten minutes of processor time.

provideGoProgram(vacuum);
const document = fileURLToPath(new URL("../../docs/openapi.json", import.meta.url));
const { status } = spawnSync(fileOf(vacuum), vacuumArguments(document), { stdio: "inherit", timeout: 120_000 });
process.exitCode = status ?? 1;
