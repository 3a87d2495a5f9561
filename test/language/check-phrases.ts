import { globSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { type Counts, compareWithBaseline, findBannedPhrases, type Occurrence, total } from "./phrases.ts";

// Part of `npm run check`. With --update it records the present counts in phrase-baseline.json.

const report = (line: string): boolean => process.stdout.write(`${line}\n`);

const root = fileURLToPath(new URL("../../", import.meta.url));
const baselineFile = fileURLToPath(new URL("./phrase-baseline.json", import.meta.url));
const updateCommand = "node test/language/check-phrases.ts --update";

const checkedFiles = "{src,test,bench,docs,nginx,haproxy,docker,k8s,monitoring,cloud}/**/*";
const textFile =
  /(?:\.(?:ts|js|mjs|cjs|md|yml|yaml|conf|cfg|http|sh|lua|sql|css|html|env|example|tf|toml)|Dockerfile|Caddyfile)$/;
/** The list itself, decisions of the past, packages, build output, and dashboards that are written from TypeScript. */
const unchecked = /(?:^|\/)(?:node_modules|dist|images)\/|^test\/language\/|^docs\/adr\/|^monitoring\/grafana\//;

process.exitCode = main(process.argv.includes("--update"));

function main(update: boolean): number {
  const occurrences = findInAllFiles();
  const counts: Counts = Object.fromEntries([...occurrences].map(([file, found]) => [file, found.length]));
  const baseline = readBaseline();
  if (update) return updateBaseline(counts, baseline);
  const { above, below } = compareWithBaseline(counts, baseline);
  for (const file of above) {
    report(`${file}: ${counts[file]} banned phrases, ${baseline[file] ?? 0} allowed`);
    for (const { line, phrase, instead } of occurrences.get(file) ?? [])
      report(`  ${file}:${line} "${phrase}" (instead: ${instead})`);
  }
  if (above.length > 0) {
    report(`If a file was only moved or split, run: ${updateCommand}`);
    return 1;
  }
  if (below.length > 0) {
    report(`Fewer banned phrases than recorded in ${below.length} files. Lower the record: ${updateCommand}`);
  }
  return 0;
}

function findInAllFiles(): Map<string, Occurrence[]> {
  const files = ["README.md", ...globSync(checkedFiles, { cwd: root, exclude: (path) => unchecked.test(`${path}/`) })];
  const found = new Map<string, Occurrence[]>();
  for (const file of files.filter((name) => textFile.test(name)).sort()) {
    const occurrences = findBannedPhrases(file, readFileSync(root + file, "utf8"));
    if (occurrences.length > 0) found.set(file, occurrences);
  }
  return found;
}

function readBaseline(): Counts {
  return z.record(z.string(), z.int().positive()).parse(JSON.parse(readFileSync(baselineFile, "utf8")));
}

function updateBaseline(counts: Counts, baseline: Counts): number {
  if (total(counts) > total(baseline)) {
    report(`The total may only shrink: ${total(counts)} banned phrases, ${total(baseline)} recorded.`);
    return 1;
  }
  writeFileSync(baselineFile, `${JSON.stringify(counts, null, 2)}\n`);
  report(`${total(counts)} banned phrases recorded in ${Object.keys(counts).length} files`);
  return 0;
}
