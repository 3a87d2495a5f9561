import { writeFileSync } from "node:fs";
import { proxyFigureFiles } from "./proxy-figures.ts";
import { proxyProblemFiles } from "./proxy-problems.ts";

// npm run proxy-files

for (const [path, text] of [...proxyProblemFiles(), ...proxyFigureFiles()])
  writeFileSync(new URL(`../../../${path}`, import.meta.url), text);
