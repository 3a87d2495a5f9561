import assert from "node:assert/strict";
import { test } from "node:test";
import { changedSettings } from "../../src/config/changed-settings.ts";

test("settings that differ from their defaults are listed; a value is shown only if it is a number or one of a fixed set", () => {
  assert.deepEqual(
    changedSettings({
      PORT: "4000",
      DB_POOL_MAX: "20",
      LOG_LEVEL: "debug",
      READY_POLICY: "strict",
      DATABASE_URL: "postgres://user:s3cret@db.internal/haven",
      REDIS_HOST: "redis.internal",
      REDIS_USERNAME: "default",
      JWT_SECRET_FILE: "/run/secrets/jwt",
      PATH: "/usr/bin",
    }),
    {
      DB_POOL_MAX: "20",
      LOG_LEVEL: "debug",
      DATABASE_URL: "(set)",
      REDIS_HOST: "(set)",
      REDIS_USERNAME: "(set)",
      JWT_SECRET_FILE: "(set)",
    },
  );
});
