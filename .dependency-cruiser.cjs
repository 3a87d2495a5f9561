// Imports point one way: main → server → composition → app, features → auth, sessions, fleet → http, db, redis
// → kit, metrics → config → core. test/architecture.test.ts breaks each rule once.

const ours = "^src/";
const only = (room, allowed) => ({
  name: `${room}-imports-only-${allowed.join("-") || "itself"}`,
  severity: "error",
  from: { path: `^src/${room}/` },
  to: { path: ours, pathNot: `^src/(?:${[room, ...allowed].join("|")})/` },
});

module.exports = {
  forbidden: [
    {
      name: "no-circles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    { name: "nothing-unresolved", severity: "error", from: {}, to: { couldNotResolve: true } },
    only("core", []),
    only("config", ["core"]),
    only("kit", ["core"]),
    only("metrics", ["core"]),
    only("redis", ["config", "core"]),
    only("db", ["config", "core"]),
    only("http", ["kit", "metrics", "config", "core"]),
    only("sessions", ["redis", "config", "core"]),
    only("auth", ["sessions", "http", "db", "redis", "config", "core"]),
    only("fleet", ["db", "redis", "kit", "config", "core"]),
    only("features", ["auth", "sessions", "fleet", "http", "db", "redis", "kit", "metrics", "config", "core"]),
    only("openapi", ["http", "kit", "core"]),
    only("embedded", ["core"]),
    only("doctor", ["config", "core"]),
    {
      name: "only-the-composition-root-knows-everything",
      severity: "error",
      from: { path: "^src/[^/]+/", pathNot: "^src/composition/" },
      to: { path: "^src/(?:(?:main|server|app|banner)\\.ts$|composition/)" },
    },
    {
      name: "embedded-is-for-development",
      severity: "error",
      from: { path: ours, pathNot: "^src/embedded/" },
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
      from: { path: ours, pathNot: "^src/embedded/" },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"], pathNot: "node_modules/@types/" },
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
