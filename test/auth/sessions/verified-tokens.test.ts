import assert from "node:assert/strict";
import { test } from "node:test";
import { createVerifiedTokenCache } from "../../../src/auth/tokens/verified-tokens.ts";

const claims = { userId: "u", sessionId: "s", role: "member" } as const;

test("a cached token is valid until it expires", () => {
  const cache = createVerifiedTokenCache();
  cache.add("token", { claims, untilSeconds: 100 });
  assert.equal(cache.get("token", 99.9), claims);
  assert.equal(cache.get("token", 100), undefined);
  assert.equal(cache.get("token", 99.9), undefined, "the cache removed the token when it expired");
});

test("the cache of tokens has at most 4096 entries, and drops the oldest", () => {
  const cache = createVerifiedTokenCache();
  for (let number = 0; number < 5000; number += 1) cache.add(`token ${number}`, { claims, untilSeconds: 100 });
  const remaining = Array.from({ length: 5000 }, (_, number) => cache.get(`token ${number}`, 1)).filter(Boolean);
  assert.equal(remaining.length, 4096);
  assert.equal(cache.get("token 0", 1), undefined);
});
