import assert from "node:assert/strict";
import { test } from "node:test";
import { createVerifiedTokenCache } from "../../src/auth/tokens/verified-tokens.ts";

const claims = { userId: "u", sessionId: "s", role: "member" } as const;

test("a cached token is valid until it expires", () => {
  const known = createVerifiedTokenCache();
  known.add("token", { claims, untilSeconds: 100 });
  assert.equal(known.get("token", 99.9), claims);
  assert.equal(known.get("token", 100), undefined);
  assert.equal(known.get("token", 99.9), undefined, "removed when it expired");
});

test("the cache of tokens is bounded: the oldest entry is dropped", () => {
  const known = createVerifiedTokenCache();
  for (let number = 0; number < 5000; number += 1) known.add(`token ${number}`, { claims, untilSeconds: 100 });
  const left = Array.from({ length: 5000 }, (_, number) => known.get(`token ${number}`, 1)).filter(Boolean);
  assert.equal(left.length, 4096);
  assert.equal(known.get("token 0", 1), undefined);
});
