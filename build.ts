import { cpSync, globSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Metafile, type Plugin } from "esbuild";

// npm run build: bundles the server and its packages into few files, because loading 900 modules one by one takes twice as
// long as the whole start of a bundle. docs/adr/0017-bundle.md

const root = fileURLToPath(new URL(".", import.meta.url));
const sources = join(root, "src");

/** Packages that contain machine code. They are loaded from node_modules. */
const nativePackages = ["@node-rs/argon2", "sharp"];

/** Some packages use these if they are installed. In production they are not installed. */
export const optionalPackages = ["pg-native", "supports-color"];

/** Files that are read at run time. They have the same paths in dist/ as in src/. */
const assets = "**/*.{sql,lua,css,js,bin}";

const entryPoints = {
  main: join(sources, "main.ts"),
  "tracing/export-worker": join(sources, "tracing/export-worker.ts"),
};

/**
 * Replaces `import.meta.url`, which in a bundle is the URL of the bundle, by the URL that the module would have without
 * bundling. Modules need that URL to find their assets.
 */
const ownUrls: Plugin = {
  name: "own-urls",
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
      const compiled = `./${relative(sources, path).replace(/ts$/, "js")}`;
      const url = `new URL(${JSON.stringify(compiled)}, import.meta.url).href`;
      return { loader: "ts", contents: readFileSync(path, "utf8").replaceAll("import.meta.url", url) };
    });
  },
};

/**
 * An `import` of node:http reads all its members, and some of them load the whole implementation of `fetch`: 20 ms and
 * 5 MB. This plugin leaves out the members that Node loads at their first use.
 */
const lightHttp: Plugin = {
  name: "light-http",
  setup({ onResolve, onLoad }) {
    const namespace = "light-http";
    onResolve({ filter: /^node:https?$/ }, ({ path, kind }) =>
      kind === "import-statement" ? { path, namespace } : undefined,
    );
    onLoad({ filter: /.*/, namespace }, ({ path }) => {
      const members = Object.entries(Object.getOwnPropertyDescriptors(process.getBuiltinModule(path) ?? {}));
      const eager = members.filter(([, { get }]) => get === undefined).map(([name]) => name);
      const contents = `const all = process.getBuiltinModule("${path}");
        export default all;
        export const { ${eager.join(", ")} } = all;`;
      return { contents };
    });
  },
};

/** Parts of packages that Haven does not use. Without them the bundle is a third smaller. */
const unusedParts: Plugin = {
  name: "unused-parts",
  setup({ onResolve, onLoad }) {
    // Express exports these functions of body-parser. The package is loaded from node_modules when one of them is called.
    const name = "body-parser";
    const readers = ["json", "raw", "text", "urlencoded"];
    const reader = (kind: string) => `exports.${kind} = (options) => require("${name}").${kind}(options);`;
    onLoad({ filter: /\/body-parser\/index\.js$/ }, () => ({ contents: readers.map(reader).join("\n") }));
    onResolve({ filter: /^body-parser$/ }, ({ importer }) =>
      importer.includes(`/${name}/`) ? { path: name, external: true } : undefined,
    );
    // Messages of zod in 50 languages.
    onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: 'export { default as en } from "./en.js";',
    }));
  },
};

/** Writes the bundle into the folder, and returns which source files each output file contains. */
export async function bundle(folder: string): Promise<Metafile> {
  rmSync(folder, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints,
    outdir: folder,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node24",
    external: [...nativePackages, ...optionalPackages],
    // Without it esbuild reads the nearest tsconfig.json of each file, whose base is not in the build context of the image.
    tsconfigRaw: {},
    plugins: [ownUrls, lightHttp, unusedParts],
    // CommonJS packages load modules of Node with `require`.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    // For debuggers. A server that reads them needs 48 MB more, and logged errors name the functions without them.
    sourcemap: "linked",
    sourcesContent: false,
    metafile: true,
    logLevel: "warning",
  });
  for (const file of globSync(assets, { cwd: sources, exclude: ["create", "*/dist", "*/node_modules"] }))
    cpSync(join(sources, file), join(folder, file));
  return metafile;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle(join(root, "dist"));
