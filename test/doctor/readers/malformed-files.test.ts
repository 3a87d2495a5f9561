import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { diagnose } from "../../../src/doctor/diagnose.ts";
import { createDiagnostics } from "../../../src/doctor/diagnostics.ts";
import { type Files, filesOnDisk } from "../../../src/doctor/files.ts";
import type { ConfigKind, ConfigPaths } from "../../../src/doctor/read-deployments.ts";
import { readDotEnv } from "../../../src/doctor/readers/application-settings.ts";
import { sourcesOf } from "../support/diagnose.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Every shipped file that a reader reads, with the option for its kind. */
const shipped: readonly (readonly [pattern: string, kind: ConfigKind | "settings", whole?: string])[] = [
  ["nginx/**/*.conf", "nginx", "nginx/nginx.conf"],
  ["haproxy/*.cfg", "haproxy"],
  ["k8s/base/*.yaml", "k8s", "k8s/base"],
  ["k8s/overlays/*/*.yaml", "k8s"],
  ["k8s/monitoring/*.yaml", "k8s"],
  ["docker/*.yml", "compose"],
  ["cloud/aws/alb.yaml", "alb"],
  ["cloud/render/render.yaml", "render"],
  ["cloud/railway/railway.json", "railway"],
  ["monitoring/prometheus*.yml", "prometheus"],
  ["monitoring/rules/*.yml", "prometheus"],
  [".env.example", "settings"],
];

/** Returns a random generator with the same numbers in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const fragments = [
  "{",
  "}",
  ";",
  '"',
  "'",
  "\\",
  "#",
  "\n",
  ": ",
  "- ",
  "&a ",
  "*a ",
  "<<: ",
  "!Ref ",
  ["$", "{X}"].join(""),
  "[",
  "]",
  "|",
  "\t",
  "if ",
  "include *;",
  "999999999999999999999",
  "-1",
  "0",
  "null",
  "é",
  "\u0001",
  "%",
  "{{ x }}",
  "~",
];

function mutate(text: string, next: () => number): string {
  const at = Math.floor(next() * text.length);
  const length = Math.floor(next() * 40);
  const fragment = fragments[Math.floor(next() * fragments.length)] ?? "";
  switch (Math.floor(next() * 5)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + text.slice(at + length);
    case 2:
      return text.slice(0, at) + fragment + text.slice(at);
    case 3:
      return text.slice(0, at) + fragment + text.slice(at + length);
    default:
      return text.slice(0, at) + text.slice(at, at + length).repeat(3) + text.slice(at + length);
  }
}

/** Returns the files on disk, with one file replaced. */
const withFile = (disk: Files, path: string, text: string): Files => ({
  ...disk,
  read: (file) => (file === path ? text : disk.read(file)),
});

const disk = filesOnDisk(root);
const rounds = 60;
/** Reading a file together with the file that includes it takes longer, so it has fewer rounds. */
const roundsOfWhole = 3;

suite("a shipped file that is cut, changed or repeated is reported without a crash", () => {
  for (const [pattern, kind, whole] of shipped) {
    const files = globSync(pattern, { cwd: root }).sort();
    test(`${pattern}, ${files.length * rounds} times`, () => {
      const next = random(files.length * 7919 + pattern.length);
      for (const file of files) {
        const text = readFileSync(join(root, file), "utf8");
        const path = file.endsWith("/kustomization.yaml") ? dirname(file) : file;
        for (let round = 0; round < (path === file ? rounds : 10); round++) check(file, kind, path, mutate(text, next));
        for (let round = 0; whole !== undefined && round < roundsOfWhole; round++)
          check(file, kind, whole, mutate(text, next));
      }
    });
  }
});

function check(file: string, kind: ConfigKind | "settings", path: string, text: string): void {
  const diagnostics = createDiagnostics();
  const settings = kind === "settings" ? readDotEnv(text, file, diagnostics) : new Map();
  const deployments: ConfigPaths[] = kind === "settings" ? [{ nginx: ["nginx/nginx.conf"] }] : [{ [kind]: [path] }];
  const startedAt = performance.now();
  const { findings, notUnderstood, unreadable } = diagnose(
    { deployments, settings, settingsFile: "environment" },
    { ...sourcesOf(withFile(disk, file, text)), diagnostics },
  );
  const elapsedMs = performance.now() - startedAt;
  for (const note of [...notUnderstood, ...unreadable]) {
    assert.ok(
      note.line >= 1 && note.text.length > 0 && !/\bat .*:\d+:\d+\)?$|TypeError|undefined/.test(note.text),
      note.text,
    );
  }
  for (const { places } of findings) for (const { line } of places) assert.ok(Number.isInteger(line) && line >= 1);
  assert.ok(elapsedMs < 5000, `${file} took ${Math.round(elapsedMs)} ms`);
}

suite("text that is not a configuration is reported without a crash", () => {
  const nonConfigurations: Readonly<Record<string, string>> = {
    "ten thousand brackets": "[".repeat(10_000),
    "ten thousand braces": "{".repeat(10_000),
    "ten thousand blocks": "a{".repeat(10_000),
    "an alias bomb": `a: &a [x,x,x,x,x,x,x,x,x]\n${[..."bcdefghij"].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${"abcdefghij"[index]}`)}]`).join("\n")}\nservices: *j\n`,
    "a long line": "x".repeat(1_000_000),
    "many words": "server ".repeat(100_000),
    "many semicolons": ";".repeat(100_000),
    "quotes that never end": `a "${"b".repeat(10_000)}`,
    "an alias of itself": "services: &a\n  b: *a\n",
    JSON: '{"a": [1, 2, {"b": null}]}',
    prose: "Dear Sir or Madam,\nthis is no configuration: it is a letter.\n",
    numbers: "1\n2\n3\n",
    rates: `groups: [{ rules: [{ expr: '${"rate(".repeat(5000)}' }] }]`,
  };
  const kinds = ["nginx", "haproxy", "k8s", "compose", "alb", "render", "railway", "prometheus"] as const;
  for (const [name, text] of Object.entries(nonConfigurations)) {
    test(name, () => {
      // All YAML readers share the parser, so one of them is enough for the slow input.
      const checkedKinds = name === "an alias bomb" ? (["compose"] as const) : kinds;
      for (const kind of checkedKinds) check("CHANGELOG.md", kind, "CHANGELOG.md", text);
    });
  }
});

suite("large files are judged quickly", () => {
  const many = <T>(count: number, make: (index: number) => T): T[] =>
    Array.from({ length: count }, (_, index) => make(index));
  const large: readonly (readonly [kind: ConfigKind, text: string])[] = [
    [
      "nginx",
      `http {\n${many(4000, (index) => `upstream u${index} { server a:1; server b:1; }\nserver { location / { proxy_pass http://u${index}; } }\n`).join("")}}\n`,
    ],
    [
      "haproxy",
      `defaults\n mode http\nbackend a\n${many(20_000, (index) => ` server s${index} h:1 check\n`).join("")}`,
    ],
    [
      "compose",
      `services:\n${many(4000, (index) => `  a${index}:\n    image: x:1\n    ports: ["${index + 1}:1"]\n`).join("")}`,
    ],
  ];
  for (const [kind, text] of large) test(kind, () => check("CHANGELOG.md", kind, "CHANGELOG.md", text));
});
