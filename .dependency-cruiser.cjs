// Imports point one way: main → server → composition → app, features → auth, sessions, fleet → http, db, redis
// → kit, metrics → config → core. This includes imports of types. test/architecture.test.ts has a violation of each rule.

const product = "^src/";
const importsOf = (folder, allowed) => ({
  name: `imports-of-${folder}`,
  severity: "error",
  comment: `src/${folder} imports ${allowed.join(", ") || "nothing else"} of src`,
  from: { path: `^src/${folder}/` },
  to: { path: product, pathNot: `^src/(?:${[folder, ...allowed].join("|")})/` },
});

module.exports = {
  forbidden: [
    { name: "no-circles", severity: "error", from: {}, to: { circular: true } },
    {
      // bench/peers and test/kit/frameworks have their own package.json, whose packages may not be installed
      name: "nothing-unresolved",
      severity: "error",
      from: { pathNot: "^(?:bench/peers|test/kit/frameworks)/" },
      to: { couldNotResolve: true },
    },
    importsOf("core", []),
    importsOf("config", ["core"]),
    importsOf("kit", ["core"]),
    importsOf("metrics", ["core"]),
    importsOf("redis", ["config", "core"]),
    importsOf("db", ["config", "core"]),
    importsOf("http", ["kit", "metrics", "config", "core"]),
    importsOf("sessions", ["redis", "config", "core"]),
    importsOf("jobs", ["db", "config", "core"]),
    importsOf("mail", ["jobs", "http", "db", "kit", "metrics", "config", "core"]),
    importsOf("auth", ["mail", "sessions", "http", "db", "redis", "config", "core"]),
    importsOf("fleet", ["db", "redis", "kit", "config", "core"]),
    importsOf("features", ["auth", "sessions", "fleet", "http", "db", "redis", "kit", "metrics", "config", "core"]),
    importsOf("openapi", ["http", "kit", "core"]),
    importsOf("evidence", ["kit", "core"]),
    importsOf("tracing", ["config", "core"]),
    importsOf("embedded", ["core"]),
    importsOf("doctor", ["config", "core"]),
    {
      name: "imports-of-create",
      severity: "error",
      comment: "src/create copies files of src and imports none; its sample is a feature and a composition of features",
      from: { path: "^src/create/(?!sample/)" },
      to: { path: product, pathNot: "^src/create/(?!sample/)" },
    },
    {
      name: "imports-of-the-sample",
      severity: "error",
      from: { path: "^src/create/sample/" },
      to: {
        path: product,
        pathNot:
          "^src/(?:create/sample|features|auth|sessions|fleet|http|db|redis|kit|metrics|config|core)/|^src/composition/uploads\\.ts$",
      },
    },
    {
      name: "folders-do-not-import-the-composition-root",
      severity: "error",
      from: { path: "^src/[^/]+/", pathNot: "^src/(?:composition/|create/sample/features\\.ts$)" },
      to: { path: "^src/(?:(?:main|command-line|server|app|banner)\\.ts$|composition/)" },
    },
    {
      name: "embedded-is-for-development",
      severity: "error",
      comment: "src/seed.ts is not part of dist",
      from: { path: product, pathNot: "^src/(?:embedded/|seed\\.ts$)" },
      to: { path: "^src/embedded/" },
    },
    {
      name: "features-meet-only-through-types",
      severity: "error",
      from: { path: "^src/features/([^/]+)/" },
      to: { path: "^src/features/[^/]+/", pathNot: "^src/features/$1/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "no-development-package-in-the-product",
      severity: "error",
      from: { path: product, pathNot: "^src/(?:embedded|create/template)/" },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"], pathNot: "node_modules/@types/" },
    },
    {
      name: "src-imports-only-src",
      severity: "error",
      from: { path: product },
      to: { path: "^(?:test|bench|monitoring)/" },
    },
    {
      name: "bench-imports-only-test-shared",
      severity: "error",
      comment: "what tests and measurements both need is in test/shared",
      from: { path: "^bench/" },
      to: { path: "^(?:test/(?!shared/)|monitoring/)" },
    },
    {
      name: "test-shared-imports-no-tests",
      severity: "error",
      from: { path: "^test/shared/" },
      to: { path: "^(?:test/(?!shared/)|bench/|monitoring/)" },
    },
    {
      name: "only-its-own-tests-import-bench",
      severity: "error",
      from: { path: "^(?:test|monitoring)/", pathNot: "^test/bench/" },
      to: { path: "^bench/" },
    },
    {
      name: "monitoring-stands-alone",
      severity: "error",
      from: { path: "^monitoring/" },
      to: { path: "^(?:src|test|bench)/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^src/[^/]+/dist/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
    },
    parser: "swc",
  },
};
