import type { Part } from "../parts.ts";

// Lists which files of this repository a new service gets. Tests fail for a file that no list names, and for an edit
// whose text no longer exists.

/** Files that every new service gets, or every new service with the part that a file belongs to. */
export const kept: readonly RegExp[] = [
  /^src\/[^/]+\.(?:cjs|json|ts)$/,
  /^src\/(?!features\/)[^/]+\//,
  /^src\/features\/(?:create-once|or-not-found)\.ts$/,
  /^src\/features\/photos\//,
  /^(?:docker|nginx|haproxy|k8s|monitoring|cloud)\//,
  /^docs\/[^/]+\.md$/,
  /^test\//,
  /^\.github\/workflows\/ci\.yml$/,
  /^\.ci\/run$/,
  /^build\.ts$/,
  /^(?:\.dependency-cruiser\.cjs|\.dockerignore|\.env\.example|\.gitattributes|\.gitignore|\.npmrc|biome\.json|renovate\.json|package\.json|package-lock\.json|tsconfig\.json)$/,
];

/**
 * Files that no new service gets, although `kept` names their folder: the property API, and files about this
 * repository.
 */
export const dropped: readonly RegExp[] = [
  /^src\/features\/(?:leases|maintenance|properties|stream|units)\//,
  /^src\/features\/photos\/(?:repository|routes|schema|service)\.ts$/,
  /^src\/composition\/(?:features|stream)\.ts$/,
  /^src\/metrics\/stream\.ts$/,
  /^src\/config\/variables\/stream-variables\.ts$/,
  /^src\/redis\/channel\.ts$/,
  /^src\/db\/migrations\/0004_properties\.sql$/,
  /^src\/embedded\/demo\//,
  /^src\/seed\.ts$/,
  /^src\/kit\/(?:README\.md|package\.json|tsconfig\.json)$/,
  /^src\/(?:create|doctor)\//,
  /^bench\//,
  /^docs\/(?:adr|images|kit|typed-client)\//,
  /^docs\/openapi\.json$/,
  /^docs\/(?:add-a-feature|asvs|doctor|doctor-accuracy|linters|performance|photos|resilience|stream|use-in-your-app|where-to-change)\.md$/,
  /^test\/(?:bench|create|doctor|docs|half-alive|kubernetes-api-server|linters|language|memory|openapi\/schemathesis|pages|support\/s3-server)\//,
  /^test\/kit\/(?:adapters|api-pages|checks|frameworks|support)\//,
  /^test\/kit\/[^/]+\.ts$/,
  /^test\/ci\/support\//,
  /^test\/shared\/python-program\.ts$/,
  /^test\/(?:architecture|npm-scripts\.serial)\.test\.ts$/,
  /^(?:CHANGELOG|CONTRIBUTING|README|SECURITY)\.md$/,
  /^(?:LICENSE|requests\.http|action\.yml|\.pre-commit-hooks\.yaml)$/,
  /^\.(?:devcontainer|ci\/release)\//,
  /^\.github\/(?:ISSUE_TEMPLATE\/|pull_request_template\.md$|workflows\/release\.yml$)/,
];

export type Edit =
  /** Removes every line that matches. */
  | { file: string; lines: RegExp }
  /** Removes from the first line that matches `from` to the next that matches `to`, both included. */
  | { file: string; from: RegExp; to: RegExp }
  /** Replaces every match. */
  | { file: string; replace: RegExp; by: string };

export const edits: readonly Edit[] = [
  // Rows of a user, for the export and the deletion of an account.
  { file: "src/auth/leaving/user-data.ts", lines: /owned\("(?:leases|maintenance\w+|properties|units)"/ },
  { file: "src/auth/leaving/user-data.ts", replace: /owned\("photos", "photos"\)/, by: 'owned("notes", "notes")' },

  // The event stream.
  { file: "src/composition/compose.ts", lines: /composeStream \}|isStillSignedIn/ },
  { file: "src/composition/compose.ts", from: /const stream = composeStream/, to: /^ {2}\}\);/ },
  { file: "src/composition/compose.ts", replace: /, stream(?= \})/, by: "" },
  { file: "src/composition/overrides.ts", lines: /channel/i },
  { file: "src/config/read-config.ts", from: /^ {4}stream: \{/, to: /^ {4}\},/ },
  { file: "src/config/variables.ts", lines: /streamVariables/ },
  { file: "docs/settings.md", from: /^## Event streams/, to: /^$/ },
  { file: "docs/settings.md", replace: /^\|[^\n]*\n\|[^\n]*\n(?:\| `STREAM_[^\n]*\n)+\n/m, by: "" },
  { file: ".env.example", replace: /^# [^\n]*\n#STREAM_[^\n]*\n\n/m, by: "" },
  { file: "src/openapi/links.ts", lines: /properties|maintenance/ },
  { file: "src/openapi/links.ts", replace: /stream: "\/api\/v1\/stream"/, by: 'notes: "/api/v1/notes"' },

  // Examples and summaries.
  { file: "src/openapi/document/guide.ts", lines: /^ {2}(?:Leases|Maintenance|Units): "/ },
  {
    file: "src/openapi/document/guide.ts",
    replace: /Properties: "Buildings[^"]*"/,
    by: 'Notes: "Notes of the caller."',
  },
  { file: "src/openapi/document/guide.ts", replace: /Photos of properties, and the avatar/, by: "The avatar" },
  {
    file: "src/openapi/document/create-document.ts",
    replace: /Properties, units, leases and maintenance requests\./,
    by: "Accounts, sessions and notes.",
  },
  {
    file: "src/openapi/landing-page/page.ts",
    replace: /Properties, their units, leases and maintenance,/,
    by: "Accounts, sessions and notes,",
  },
  { file: "src/openapi/docs-page/render-contents.ts", replace: /lease, POST, \/units …/, by: "note, POST, /auth …" },
  { file: "src/http/problem.ts", replace: /Unit not found\./, by: "Note not found." },
  {
    file: "src/http/problem.ts",
    replace: /The unit already has a lease in that period\./,
    by: "An account with this email address already exists.",
  },
  {
    file: "src/db/driver-errors.ts",
    replace: /insertLease(.*)"lease_no_overlap", \(\) => overlap\(unitId\)/,
    by: 'insertUser$1"users_email_key", () => emailTaken()',
  },
  {
    file: "src/http/resource-router.ts",
    replace: /\/api\/v1\/units` for `\/api\/v1\/units\/7\/leases/,
    by: "/api/v1/notes` for `/api/v1/notes/7",
  },

  { file: "biome.json", from: /^ {4}\{$/, to: /^ {4}\},$/ },

  // The larger data set of src/seed.ts.
  { file: ".dependency-cruiser.cjs", replace: /\(\?:embedded\/\|seed[^)]*\)/, by: "embedded/" },
  { file: ".dependency-cruiser.cjs", lines: /src\/seed\.ts is not part/ },

  // A new service installs the doctor as a package.
  { file: "src/command-line.ts", lines: /run-in-process|^ {2}doctor {5}|import \{ fileURLToPath \}/ },
  { file: "src/command-line.ts", from: /argv\[2\] === "doctor"/, to: /^ {2}\}/ },
  { file: "src/command-line.ts", from: /The folder of this project/, to: /shippedFolder/ },

  // Tests of files that no new service gets.
  {
    file: "test/run.ts",
    lines:
      /provideSchemathesis|provideWorkflowLinters|generators|pageTools|support\/(?:api-pages|frameworks|node-versions)|s3-server/,
  },
  { file: "test/run.ts", replace: /, providePackages/, by: "" },
  { file: "test/run.ts", lines: /from "node:url"/ },
  { file: "nginx/nginx.conf", replace: /properties\/\[\^\/\]\+\/photos\|/, by: "" },
  { file: "haproxy/haproxy.cfg", replace: /properties\/\[\^\/\]\+\/photos\|/, by: "" },
  { file: "renovate.json", replace: /, and chaos --quick/, by: "" },
  { file: ".ci/run", lines: /npm run (?:bench|chaos)/ },
  { file: ".github/workflows/ci.yml", from: /^ {2}# Linters of other projects/, to: /npm run linters/ },
  {
    file: "test/shared/requests/any-resource.ts",
    replace: /^ {4}name,\n {4}kind: .*\n {4}address: .*$/m,
    by: '    title: name,\n    text: "Two bags, whole beans.",',
  },
  { file: "test/shared/requests/any-resource.ts", replace: /\(\{ name \}\)/, by: "({ title: name })" },
  {
    file: "test/shared/requests/any-resource.ts",
    replace: /\{ name: string \}\) => item\.name/,
    by: "{ title: string }) => item.title",
  },
  { file: "test/features/ownership.test.ts", replace: /DROP TABLE properties/, by: "DROP TABLE notes" },
  { file: "test/features/ownership.test.ts", replace: /owned\.length >= 15/, by: "owned.length >= 3" },
  { file: "test/features/ownership.test.ts", lines: /lists\.length >= 5/ },
  { file: "test/db/app-role.test.ts", replace: /(TRUNCATE|DROP TABLE) photos/, by: "$1 notes" },
  { file: "test/db/migrate-locks.test.ts", replace: /DROP TABLE photos, /, by: "DROP TABLE " },
  { file: "test/docker/product.test.ts", replace: /"knip"/, by: '"dependency-cruiser"' },
  { file: "test/run.ts", from: /some\(\(file\) => .*kit/, to: /^\}/ },

  // Tables.
  {
    file: "src/db/migrations/0005_photos.sql",
    from: /^CREATE TABLE photos/,
    to: /^CREATE INDEX photos_of_owners_property/,
  },
];

/** Examples and tests that need any resource use the resource of the sample. */
export const resourcePaths: readonly (readonly [RegExp, string])[] = [
  [/\/units\/\{unitId\}(?:\/leases)?/g, "/notes/{noteId}"],
  [/\/api\/v1\/properties\/1\/photos\b/g, "/api/v1/auth/me/avatar"],
  [/\/api\/v1\/properties\b/g, "/api/v1/notes"],
  [/\/api\/v1\/units\/:unitId/g, "/api/v1/notes/:noteId"],
];

/** A test or page that still contains one of these words is about the property API, and a new service does not get it. */
export const domainWords =
  /\/properties\b|\/units\b|\bleases?\b|\bmaintenance|\baProperty|\baUnit|property-fixtures|apartment_building|STREAM_MAX|requests\/stream\.ts/i;

export const withoutPart: readonly { part: Part; file: string; lines: RegExp }[] = [
  {
    part: "monitoring",
    file: "test/shared/programs.ts",
    lines: /command: "(?:amtool|prom\w+|prometheus-alertmanager)"/,
  },
  { part: "haproxy", file: "test/shared/programs.ts", lines: /command: "(?:haproxy|socat)"/ },
  { part: "nginx", file: "test/shared/programs.ts", lines: /command: "nginx"/ },
  { part: "kubernetes", file: "test/shared/programs.ts", lines: /command: "kubectl"/ },
  { part: "kubernetes", file: "test/run.ts", lines: /kubernetes\/helm|provideGoProgram/ },
];
