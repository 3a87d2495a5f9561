import assert from "node:assert/strict";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, suite, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Metafile } from "esbuild";
import sharp from "sharp";
import { z } from "zod";
import { bundle, optionalPackages } from "../../build.ts";
import { atEnd } from "../shared/at-end.ts";
import { ask } from "../shared/requests/http.ts";
import { bearer, register, sameSecret } from "../shared/requests/people.ts";
import { runProgram } from "../shared/run-program.ts";
import { startHavenProcess } from "../shared/servers/haven-process.ts";
import { startMailServer } from "../shared/servers/mail-server.ts";
import { startReceiver, withReceiver } from "../support/otlp-receiver.ts";

// The output of `npm run build`: its contents, and whether it works with only the production packages.

const root = fileURLToPath(new URL("../../", import.meta.url));
const readJson = (file: string): unknown => JSON.parse(readFileSync(join(root, file), "utf8"));
const { dependencies } = z.object({ dependencies: z.record(z.string(), z.string()) }).parse(readJson("package.json"));
const { packages } = z
  .object({ packages: z.record(z.string(), z.object({ dev: z.boolean().optional() })) })
  .parse(readJson("package-lock.json"));

type Contents = Pick<Metafile, "inputs"> & {
  outputs: Readonly<Record<string, Pick<Metafile["outputs"][string], "imports">>>;
};

/** Returns the packages whose files are in the bundle, and those that it imports. */
function packagesOf({ inputs, outputs }: Contents): string[] {
  const bundled = Object.keys(inputs).flatMap(
    (file) => /^node_modules\/(?:.*\/node_modules\/)?((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? [],
  );
  const imported = Object.values(outputs)
    .flatMap(({ imports }) => imports)
    .filter(({ external, path }) => external && !isBuiltin(path) && !optionalPackages.includes(path))
    .map(({ path }) => path);
  return [...new Set([...bundled, ...imported])].sort();
}

const developmentPackagesIn = (contents: Contents): string[] =>
  packagesOf(contents).filter((name) => packages[`node_modules/${name}`]?.dev !== undefined);

suite("the build output", () => {
  let built: string;
  let contents: Metafile;

  before(async () => {
    const folder = mkdtempSync(join(tmpdir(), "haven-product-"));
    atEnd(() => rmSync(folder, { recursive: true, force: true }));
    built = join(folder, "dist");
    contents = await bundle(built);
    for (const beside of ["node_modules", "package.json"]) symlinkSync(join(root, beside), join(folder, beside));
  });

  test("the build output contains or imports every production package, and no development package", () => {
    const used = packagesOf(contents);
    assert.deepEqual(
      Object.keys(dependencies).filter((name) => !used.includes(name)),
      [],
    );
    assert.deepEqual(developmentPackagesIn(contents), []);
  });

  test("the build output does not contain the embedded services", () => {
    assert.deepEqual(
      Object.keys(contents.inputs).filter((file) => file.startsWith("src/embedded/")),
      [],
    );
  });

  test("the build output contains every file that it reads, except those of the embedded services and of npm run dev", () => {
    const urls = globSync("**/*.js", { cwd: built }).flatMap((file) => [
      ...readFileSync(join(built, file), "utf8").matchAll(
        /new URL\("([^"$]+)", new URL\("(\.[^"]+)", import\.meta\.url\)/g,
      ),
    ]);
    const files = urls.map(([, asset = "", from]) => new URL(asset, new URL(`${from}`, pathToFileURL(`${built}/`))));
    assert.ok(files.length > 15);
    assert.deepEqual(
      files.map((file) => fileURLToPath(file)).filter((file) => !existsSync(file)),
      [join(built, "embedded/engines.ts"), join(built, "dev-process.ts")],
    );
  });

  test("the build output starts and reports the missing settings", async () => {
    const env = { PATH: process.env["PATH"], NODE_ENV: "production" };
    const { code, output } = await runProgram(process.execPath, [join(built, "main.js"), "start"], { env });
    assert.equal(code, 78, output);
    assert.match(output, /DATABASE_URL is required in production/);
  });

  test(
    "the build output serves pages, hashes passwords, decodes images, sends mail and exports traces",
    withReceiver,
    async () => {
      const mail = await startMailServer();
      const receiver = await startReceiver();
      const { url } = await startHavenProcess({
        entry: pathToFileURL(join(built, "main.js")),
        env: {
          ...sameSecret,
          OVERLOAD_DELAY_MS: "0",
          MAIL_URL: mail.url,
          MAIL_FROM: "Haven <no-reply@example.com>",
          PUBLIC_URL: "https://app.example.com/",
          OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
        },
      });
      for (const path of ["/api", "/api/docs", "/health/detailed"]) {
        const { headers, text } = await ask(url + path, { headers: { accept: "text/html" } });
        assert.equal(headers["content-type"], "text/html; charset=utf-8", text);
      }
      const person = await register(url);
      await mail.mailTo(person.email);
      const body = await sharp({ create: { width: 8, height: 8, channels: 3, background: "green" } })
        .png()
        .toBuffer();
      const headers = { ...bearer(person), "content-type": "image/png" };
      const avatar = await ask(`${url}/api/v1/auth/me/avatar`, { method: "PUT", headers, body });
      assert.equal(avatar.status, 200, avatar.text);
      const traceId = String((await ask(`${url}/api`)).headers["traceresponse"]).split("-")[1] ?? "";
      assert.ok((await receiver.trace(traceId)).length > 0);
    },
  );
});

test("a development package is found, whether it is bundled or imported", () => {
  const imports = [
    { path: "knip", kind: "dynamic-import", external: true },
    { path: "express", kind: "import-statement", external: true },
    { path: "node:fs", kind: "import-statement", external: true },
  ] as const;
  const input = { bytes: 1, imports: [] };
  const contents = {
    inputs: { "src/main.ts": input, "node_modules/ajv/dist/ajv.js": input, "node_modules/pg/lib/index.js": input },
    outputs: { "dist/main.js": { imports: [...imports] } },
  };
  assert.deepEqual(developmentPackagesIn(contents), ["ajv", "knip"]);
});
