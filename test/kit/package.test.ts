import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { before, test } from "node:test";
import { z } from "zod";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { freePort } from "../shared/free-port.ts";
import { ask } from "../shared/requests/http.ts";
import { projectWithKit } from "./support/installed-kit.ts";

const readme = readFileSync(new URL("../../src/kit/README.md", import.meta.url), "utf8");
const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
/** Removes doc comments, whose examples import drivers of the app. */
const withoutComments = (source: string): string => source.replaceAll(/\/\*\*[\s\S]*?\*\//g, "");
const manifest = z
  .string()
  .transform((text): unknown => JSON.parse(text))
  .pipe(
    z.object({
      main: z.string(),
      types: z.string(),
      exports: z.record(z.string(), z.object({ types: z.string(), default: z.string() })),
      typesVersions: z.object({ "*": z.record(z.string(), z.array(z.string())) }),
    }),
  );
let project: Awaited<ReturnType<typeof projectWithKit>>;

before(async () => {
  project = await projectWithKit();
});

test("the packed kit installs in an empty project with opossum as the only dependency", () => {
  assert.deepEqual(project.installed().sort(), ["@haven-api", "opossum"]);
  const kit = join(project.folder, "node_modules/@haven-api/health");
  assert.ok(!existsSync(join(kit, "node_modules")));
  for (const file of ["README.md", "LICENSE"]) assert.ok(existsSync(join(kit, file)), file);
  const imports = globSync("dist/**/*.{js,d.ts}", { cwd: kit }).flatMap((file) =>
    [...withoutComments(readFileSync(join(kit, file), "utf8")).matchAll(/(?:from|import) ?\(?"([^".][^"]*)"/g)].map(
      ([, name]) => name,
    ),
  );
  assert.deepEqual(
    [...new Set(imports)].filter((name) => !name?.startsWith("node:")),
    ["opossum"],
  );
});

test("the packed kit is smaller than 100 kB", () => {
  assert.ok(statSync(project.tarball).size < 100_000, `${statSync(project.tarball).size} bytes`);
});

test("every exported path can be imported alone, with types, and loads no check of another path", async () => {
  const { exports } = manifest.parse(project.read("node_modules/@haven-api/health/package.json"));
  for (const path of Object.keys(exports)) {
    const name = `@haven-api/health${path.slice(1)}`;
    const loaded = await project.loadedBy(name);
    const checks = loaded.filter((url) => /\/kit\/checks\//.test(url)).map((url) => /([\w-]+)\.js$/.exec(url)?.[1]);
    const own = path.startsWith("./checks/") ? [path.slice("./checks/".length)] : [];
    const shared = new Set(["check-options", "own-connection", "memory"]);
    assert.deepEqual(
      checks.filter((check) => check !== undefined && !(shared.has(check) && !own.includes(check))),
      own,
      name,
    );
  }
  const imports = Object.keys(exports).map((path) => `export * from "@haven-api/health${path.slice(1)}";\n`);
  project.write("imports.ts", imports.join(""));
  project.link("@types");
  assert.deepEqual(await project.typeCheck("imports.ts"), { code: 0, output: "" });
});

test("with moduleResolution node10, TypeScript finds the types of every exported path, too", () => {
  const { exports, main, types, typesVersions } = manifest.parse(
    project.read("node_modules/@haven-api/health/package.json"),
  );
  const found = (path: string): string | undefined => {
    for (const [pattern, [target = ""]] of Object.entries(typesVersions["*"])) {
      const [before = "", after] = pattern.split("*");
      if (after === undefined ? path === pattern : path.startsWith(before))
        return `./${target.replace("*", path.slice(before.length))}`;
    }
    return undefined;
  };
  const { ".": root, ...others } = exports;
  assert.deepEqual({ types, default: main }, root);
  for (const [path, entry] of Object.entries(others)) assert.equal(found(path.slice(2)), entry.types, path);
});

test("the example in the README of the kit has about ten lines and the right types", async () => {
  assert.ok(example.trim().split("\n").length <= 12);
  project.write("server.ts", example);
  project.link("@types");
  assert.deepEqual(await project.typeCheck("server.ts"), { code: 0, output: "" });
});

test("the example in the README of the kit answers /ready from its check, and drains", async () => {
  const shop = createServer((_request, response) => response.end("ok")).listen(0, "127.0.0.1");
  await once(shop, "listening");
  atEnd(() => shop.close());
  const port = await freePort();
  const adapted = example
    .replace("127.0.0.1:9000", `127.0.0.1:${(shop.address() as AddressInfo).port}`)
    .replace("3000", String(port))
    .replace("8000", "200")
    .replace("3000", "100");
  project.write("server.ts", adapted);
  const child = spawn(process.execPath, ["server.ts"], {
    cwd: project.folder,
    stdio: ["ignore", "inherit", "inherit"],
  });
  atEnd(() => child.kill("SIGKILL"));
  const exited = once(child, "exit");
  const url = `http://127.0.0.1:${port}`;
  const ready = () => ask(`${url}/ready`).catch(() => undefined);
  const answer = await eventually(ready, (seen) => seen?.status === 200, 10_000);
  assert.partialDeepStrictEqual(answer?.json(), {
    status: "ready",
    service: "orders",
    checks: { shop: { status: "up" } },
  });
  // On a busy machine the event loop is late while an app starts, and requests are rejected for a moment.
  await eventually(
    () => ask(url),
    ({ text }) => text === "hello",
  );
  child.kill("SIGTERM");
  assert.deepEqual(await exited, [0, null]);
});
