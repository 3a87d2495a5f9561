import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bearer, me, refresh, register, type SignedIn } from "../../../shared/requests/people.ts";
import { startAttackedPair } from "../../support/attacked-pair.ts";

// Attacks by a page of another site on a user who is signed in. They were written without the code.

const { one, post, send, signIn } = await startAttackedPair();

const withCookie = (person: SignedIn, headers: Record<string, string> = {}) => ({ cookie: person.cookie, ...headers });

describe("a page of another site", () => {
  test("cannot write with the cookie of a user", async () => {
    const person = await register(one.url);
    const sites: Record<string, string>[] = [
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { "sec-fetch-site": "Same-Origin, cross-site" },
      { "sec-fetch-site": "" },
      { "sec-fetch-site": "cross-site", origin: one.url },
      { origin: "https://evil.example.net" },
      { origin: "null" },
      { origin: `${one.url}.evil.example.net` },
      { origin: one.url.replace(/:\d+$/, ":1") },
      { origin: "https://evil.example.net", authorization: "Basic eDp5" },
      { origin: "https://evil.example.net", authorization: "Bearer" },
      { origin: "https://evil.example.net", authorization: "Bearer invalid" },
      { origin: "https://evil.example.net", "x-forwarded-host": "evil.example.net" },
    ];
    const writes: [string, string, unknown?][] = [
      ["PATCH", "/auth/me", { name: "Changed by a page" }],
      ["DELETE", "/auth/me", { currentPassword: person.password }],
      ["POST", "/auth/password", { currentPassword: person.password, newPassword: "a password of a page" }],
      ["POST", "/auth/api-keys", { name: "k", scopes: ["read"] }],
      ["DELETE", "/auth/sessions"],
      ["POST", "/auth/logout"],
      ["POST", "/auth/verify-email/resend"],
    ];
    for (const site of sites)
      for (const [method, path, body] of writes) {
        const answer = await send(method, path, body, { ...withCookie(person), ...site });
        assert.ok([401, 403].includes(answer.status), `${method} ${path} ${JSON.stringify(site)}: ${answer.status}`);
      }
    assert.equal(((await me(one.url, person)).json() as { name: string }).name, "Pat Example");
  });

  test("cannot send JSON as a form, override the method, or read an answer", async () => {
    const person = await register(one.url);
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "text/plain; application/json",
    ]) {
      const answer = await send(
        "POST",
        "/auth/login",
        JSON.stringify({ email: person.email, password: person.password }),
        { "content-type": type },
      );
      assert.equal(answer.status, 415, type);
      assert.equal(answer.headers["set-cookie"], undefined);
    }
    const override = { "x-http-method-override": "DELETE", "x-method-override": "DELETE", "x-http-method": "DELETE" };
    await send("GET", "/auth/sessions?_method=DELETE", undefined, withCookie(person, override));
    await send("GET", "/auth/me?_method=DELETE", undefined, withCookie(person, override));
    assert.equal((await me(one.url, person)).status, 200);
    const evil = {
      origin: "https://evil.example.net",
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    };
    for (const [method, path] of [
      ["OPTIONS", "/auth/login"],
      ["GET", "/auth/me"],
      ["GET", "/auth/me/export"],
    ] as const) {
      const answer = await send(method, path, undefined, withCookie(person, evil));
      assert.equal(answer.headers["access-control-allow-origin"], undefined, `${method} ${path}`);
      assert.equal(answer.headers["access-control-allow-credentials"], undefined);
    }
  });

  test("cannot find answers with secrets in a cache, because their headers forbid caching", async () => {
    const person = await register(one.url);
    for (const answer of [
      await signIn(person),
      await refresh(one.url, person.refreshToken),
      await me(one.url, person),
      await send("GET", "/auth/me/export", undefined, bearer(person)),
      await post("/auth/api-keys", { name: "k", scopes: ["read"] }, bearer(person)),
    ])
      assert.match(String(answer.headers["cache-control"]), /no-store|private|no-cache/, answer.text.slice(0, 80));
  });
});
