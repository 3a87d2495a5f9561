import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSync } from "@swc/core";
import { isText, type ProjectFiles, textOf } from "../../src/create/files.ts";
import { importsOf } from "../../src/create/imports.ts";
import { namesOf } from "../../src/create/names.ts";
import { createProject, sampleServices, template, titleOf } from "./support/projects.ts";

const projects = sampleServices.map((choices) => ({ ...choices, files: createProject(template, choices) }));

const textsOf = (files: ProjectFiles): [path: string, text: string][] =>
  [...files].filter(([, file]) => isText(file)).map(([path, file]) => [path, textOf(file)]);

/** Matches lines that contain the name of this repository instead of the name of the new service. */
const ownName = /haven/i;
const published = /@haven-api\/(?:create|doctor|health)|haven-doctor|The Haven contributors/g;

/**
 * Terms of the property API. The single words property, unit and lease are allowed: JSON Schema and CSS have
 * properties, Grafana has units, and connection pools have leases.
 */
const domainTerms =
  /\b(?:tenants?|landlords?|apartment\w*|property_?ids?|maintenance[-_ ](?:request|event)s?|rent_?cents|photoroutes|leaseroutes)\b|\/(?:properties|units|leases|maintenance-requests|photos)\b(?!\/(?:images|storage|uploads|avatar|upload-))|\b(?:properties, )?units,? (?:and )?leases\b/i;

/**
 * Parsers for the files that the type check does not read. The name of a service may break one if it is no identifier.
 */
const parsers: readonly (readonly [pattern: RegExp, parse: (text: string) => void])[] = [
  [/\.[cm]?js$/, (text) => void parseSync(text.replace(/^#!/, "//"), { syntax: "ecmascript", target: "es2024" })],
  [/\.json$/, (text) => void JSON.parse(text)],
];

for (const { name, parts, files } of projects) {
  const title = titleOf({ name, parts });

  test(`${title} contains neither the name of this repository nor terms of the property API`, () => {
    for (const [path, text] of textsOf(files)) {
      assert.doesNotMatch(path, ownName);
      const lines = text.split("\n");
      const named = lines.filter((line) => ownName.test(line.replaceAll(published, "")));
      assert.deepEqual(named, [], path);
      if (path === "package-lock.json") continue;
      assert.deepEqual(
        lines.filter((line) => domainTerms.test(line)),
        [],
        path,
      );
    }
  });

  test(`${title} uses its own name everywhere`, () => {
    const { kebab, snake, title: spelled } = namesOf(name);
    const all = new Map(textsOf(files));
    const includes = (path: string, text: string) => assert.ok(all.get(path)?.includes(text), `${path}: ${text}`);
    includes("package.json", `"name": "${kebab}"`);
    includes("src/openapi/document/create-document.ts", `title: "${spelled}"`);
    includes("src/core/identity.ts", `service = "${kebab}"`);
    includes("src/config/read-config.ts", `"${snake}_session"`);
    includes("src/embedded/postgres/start-postgres.ts", `database = "${snake}"`);
    includes("README.md", `# ${spelled}`);
    if (parts.includes("kubernetes")) includes("k8s/base/deployment.yaml", `name: ${kebab}-deployment`);
    if (parts.includes("monitoring")) includes(`monitoring/grafana/dashboards/${kebab}.json`, `job=\\"${kebab}\\"`);
    if (parts.includes("compose")) includes("docker/docker-compose.lb.yml", `image: ${kebab}:0.1.0`);
  });

  test(`${title} declares every package that it imports, and locks it`, () => {
    const manifest = JSON.parse(textOf(required(files, "package.json")));
    for (const script of ["start", "dev", "build", "check", "test", "doctor"])
      assert.ok(script in manifest.scripts, script);
    const lock = JSON.parse(textOf(required(files, "package-lock.json")));
    const declared = { ...manifest.dependencies, ...manifest.devDependencies };
    for (const [path, text] of textsOf(files)) {
      if (!/\.(?:ts|mjs)$/.test(path)) continue;
      const withoutExamples = text.replaceAll(/\/\*\*[\s\S]*?\*\//g, "");
      for (const used of importsOf(path, withoutExamples).packages) assert.ok(used in declared, `${path}: ${used}`);
    }
    for (const dependency of Object.keys(declared))
      assert.ok(`node_modules/${dependency}` in lock.packages, dependency);
    assert.deepEqual(lock.packages[""].dependencies, manifest.dependencies);
    assert.ok(!("@haven-api/health" in declared), "the kit comes as sources");
  });

  test(`${title} has scripts and settings that can be parsed`, () => {
    for (const [path, text] of textsOf(files)) {
      const parse = parsers.find(([pattern]) => pattern.test(path))?.[1];
      if (parse !== undefined) assert.doesNotThrow(() => parse(text), path);
    }
  });
}

function required(files: ProjectFiles, path: string) {
  const file = files.get(path);
  if (file === undefined) throw new Error(`There is no ${path}.`);
  return file;
}
