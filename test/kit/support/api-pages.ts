import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { pinnedPackages } from "../../shared/pinned-packages.ts";
import { runProgram } from "../../shared/run-program.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const kit = join(root, "src/kit");

export const pagesFolder = join(root, "docs/kit");

export const typedoc = pinnedPackages({
  pinned: fileURLToPath(new URL("../api-pages", import.meta.url)),
  name: "kit-api-pages",
  tests: "the check of the API pages of the kit",
});

/** Returns the source file of each path that the package exports. */
function entryPoints(): string[] {
  const { exports } = JSON.parse(readFileSync(join(kit, "package.json"), "utf8")) as {
    exports: Record<string, { default: string }>;
  };
  return Object.values(exports).map(({ default: file }) =>
    join(kit, file.replace("./dist/kit/", "").replace(/\.js$/, ".ts")),
  );
}

/** Writes one page for each path of the exports, and returns what TypeDoc read from the sources. */
export async function writeApiPages(out: string): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), "haven-api-pages-"));
  try {
    const tsconfig = join(folder, "tsconfig.json");
    const json = join(folder, "api.json");
    const compilerOptions = { rootDir: join(root, "src"), typeRoots: [join(root, "node_modules/@types")] };
    writeFileSync(
      tsconfig,
      JSON.stringify({
        extends: join(kit, "tsconfig.json"),
        compilerOptions,
        include: [kit],
        exclude: [join(kit, "dist")],
      }),
    );
    mkdirSync(out, { recursive: true });
    const settings = {
      entryPoints: entryPoints(),
      tsconfig,
      plugin: [join(typedoc.folder, "node_modules/typedoc-plugin-markdown/dist/index.js")],
      out,
      json,
      name: "@haven-api/health",
      readme: "none",
      router: "module",
      disableSources: true,
      excludeInternal: true,
      excludeExternals: true,
      parametersFormat: "table",
      propertiesFormat: "table",
      interfacePropertiesFormat: "table",
      classPropertiesFormat: "table",
      typeDeclarationFormat: "table",
      hidePageHeader: true,
      hideBreadcrumbs: true,
      validation: { notExported: false, invalidLink: true, notDocumented: false },
      treatWarningsAsErrors: true,
    };
    const options = join(folder, "typedoc.json");
    writeFileSync(options, JSON.stringify(settings));
    const program = join(typedoc.folder, "node_modules/typedoc/bin/typedoc");
    const { code, output } = await runProgram(process.execPath, [program, "--options", options], { cwd: kit });
    if (code !== 0) throw new Error(`TypeDoc failed in ${relative(root, kit)}: ${output}`);
    return JSON.parse(readFileSync(json, "utf8"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
