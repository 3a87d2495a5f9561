import { writeFileSync } from "node:fs";
import { proxyProblemFiles } from "./proxy-problems.ts";

// npm run proxy-problems

for (const [path, text] of proxyProblemFiles()) writeFileSync(new URL(`../../../${path}`, import.meta.url), text);
