import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { isSettingName } from "../../src/config/files/secret-files.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Names that look like settings of Haven but are not. */
const foreign = new Set([
  ...["LC_ALL", "NODE_OPTIONS", "ON_ERROR_STOP", "POSTGRES_PASSWORD"],
  // Variables of the scripts.
  ...[
    "ACCESS_LOG_BUCKET",
    "ALARM_TOPIC_ARN",
    "BALANCER_GROUP",
    "CERTIFICATE_ARN",
    "INSTANCE_GROUP",
    "LOAD_BALANCER_ARN",
  ],
  ...["TARGET_GROUP_ARN", "VPC_ID", "HAVEN_DB_PASSWORD", "HAVEN_APP_DB_PASSWORD"],
  // Terms of the cloud platforms.
  ...["CLIENT_IP", "EXTERNAL_MANAGED", "GENERATED_COOKIE", "HTTP_301", "LEAST_REQUEST", "MOVED_PERMANENTLY_DEFAULT"],
  "RING_HASH",
]);

test("every setting that k8s/, cloud/ and their pages name exists, even if a comment names it", () => {
  const files = globSync(["k8s/**/*", "cloud/**/*", "docs/{kubernetes,cloud}.md"], { cwd: root, withFileTypes: true });
  const words = files
    .filter((file) => file.isFile())
    .flatMap((file) => readFileSync(`${file.parentPath}/${file.name}`, "utf8").match(/\b[A-Z]+(_[A-Z0-9]+)+\b/g) ?? []);
  assert.ok(words.length > 100);
  const unknown = new Set(words.filter((word) => !isSettingName(word) && !foreign.has(word)));
  assert.deepEqual([...unknown], []);
});
