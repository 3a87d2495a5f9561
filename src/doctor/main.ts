#!/usr/bin/env node
import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { runInProcess } from "./cli/run-in-process.ts";

// The command of the package: haven-doctor.

/** The manifest is beside this source file, and two folders above the compiled file. */
const manifestUrl = ["./package.json", "../../package.json"]
  .map((path) => new URL(path, import.meta.url))
  .find((url) => existsSync(url));
const { version } = z
  .object({ version: z.string() })
  .parse(manifestUrl === undefined ? undefined : JSON.parse(readFileSync(manifestUrl, "utf8")));

await runInProcess(process.argv.slice(2), { version, program: "haven-doctor" });
