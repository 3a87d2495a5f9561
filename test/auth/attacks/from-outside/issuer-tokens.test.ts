import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, sign as signBytes } from "node:crypto";
import { describe, test } from "node:test";
import { audience, newKey, rawToken } from "../../../shared/servers/test-issuer.ts";
import { base64url, startAttackedIssuers } from "../../support/attacked-issuers.ts";

// Attacks with tokens of a trusted issuer. They were written from the documentation, without the code.

const { provider, issuer, secondIssuer, statusOf, claims, signToken } = await startAttackedIssuers();
const now = () => Math.floor(Date.now() / 1000);

test("the honest token of each issuer is accepted", async () => {
  assert.equal(await statusOf(await provider.token()), 200);
  assert.equal(await statusOf(issuer.sign("honest")), 200);
  assert.equal(await statusOf(signToken({ alg: "RS256", kid: "key-1", typ: "JWT" }, claims({ sub: "honest" }))), 200);
});

describe("a forged token is refused", () => {
  test("with the algorithm none, with HMAC by the public key, or with a key of another type", async () => {
    const { publicKey, jwk } = issuer.key;
    const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pem = publicKey.export({ format: "pem", type: "spki" }).toString();
    const forged = ["none", "NONE", "nOnE", " none", ""].map((alg) => rawToken({ alg, kid: "key-1" }, claims(), ""));
    for (const alg of ["HS256", "HS384", "HS512", "RS256"])
      for (const secret of [pem, pem.trim(), `${pem}\n`, JSON.stringify(jwk), String(jwk.n), "key-1", ""]) {
        const unsigned = rawToken({ alg, typ: "JWT", kid: "key-1" }, claims(), "").slice(0, -1);
        forged.push(
          `${unsigned}.${createHmac(alg.replace(/..(?=\d)/, "sha"), secret)
            .update(unsigned)
            .digest("base64url")}`,
        );
      }
    const unsigned = `${base64url({ alg: "ES256", kid: "key-1" })}.${base64url(claims())}`;
    const ecSignature = signBytes("sha256", Buffer.from(unsigned), { key: ec.privateKey, dsaEncoding: "ieee-p1363" });
    forged.push(
      `${unsigned}.${ecSignature.toString("base64url")}`,
      `${unsigned}.${Buffer.alloc(64).toString("base64url")}`,
    );
    for (const token of forged) assert.equal(await statusOf(token), 401, token);
  });

  test("with the key of one issuer in the name of another, or of Haven itself", async () => {
    for (const iss of [
      issuer.url,
      `${issuer.url}/`,
      issuer.url.toUpperCase(),
      provider.issuer,
      "haven-api",
      "",
      null,
      [issuer.url],
      [secondIssuer.url],
    ]) {
      const token = secondIssuer.sign("mallory", { claims: { iss } });
      assert.equal(await statusOf(token), 401, String(iss));
    }
    assert.equal(await statusOf(secondIssuer.sign("mallory", { claims: { iss: undefined } })), 401);
    const local = secondIssuer.sign("mallory", {
      claims: { iss: "haven-api", aud: "haven-api", sid: "x", role: "admin" },
    });
    assert.equal(await statusOf(local), 401);
  });

  test("with hostile key ids, headers and types, also if the key of the issuer has signed the token", async () => {
    const { requests } = secondIssuer;
    const before = requests.length;
    const jwk = newKey("mine").jwk;
    const headers: object[] = [
      ...[
        "__proto__",
        "constructor",
        "toString",
        "../jwks",
        "key-1\u0000",
        "key-1 ",
        "KEY-1",
        "' OR 1=1",
        "k".repeat(5000),
      ].map((kid) => ({ kid })),
      ...[null, 0, 1, true, ["key-1"], { kid: "key-1" }, ""].map((kid) => ({ kid })),
      { jku: `${secondIssuer.url}/evil` },
      { x5u: `${secondIssuer.url}/evil` },
      { jwk },
      { x5c: ["MIIB"] },
      { crit: ["exp"], exp: now() + 300 },
      { crit: [] },
      { b64: false, crit: ["b64"] },
      { zip: "DEF" },
      { cty: "JWT" },
      ...["logout+jwt", "dpop+jwt", "id_token", "JWE", "secevent+jwt", "", null, 1].map((typ) => ({ typ })),
      ...["RS512", "PS256", "rs256", ["RS256"], null].map((alg) => ({ alg })),
    ];
    for (const header of headers) {
      const status = await statusOf(signToken({ alg: "RS256", kid: "key-1", typ: "at+jwt", ...header }, claims()));
      assert.equal(status, 401, JSON.stringify(header).slice(0, 100));
    }
    assert.ok(!requests.slice(before).some((path) => path.includes("evil")));
  });

  test("with repeated parts, another encoding, or text around the token", async () => {
    const honest = issuer.sign("honest");
    const [head = "", body = "", signature = ""] = honest.split(".");
    const flipped = `${signature.slice(0, -1)}${signature.endsWith("A") ? "B" : "A"}`;
    const forged = [
      `${head}.${body}.${signature}=`,
      `${head}.${body}.${signature}==`,
      `${head}=.${body}.${signature}`,
      `${head}.${body}.${signature} x`,
      `${head}..${signature}`,
      `${head}.${body}`,
      `.${body}.${signature}`,
      `${head}.${body}.${signature}.${signature}`,
      `${head}.${base64url(claims({ sub: "another user" }))}.${signature}`,
      `${base64url({ alg: "RS256", kid: "key-1", typ: "at+jwt", x: 1 })}.${body}.${signature}`,
      `${head}.${body}.${Buffer.from(signature, "base64url").toString("hex")}`,
      `${head}.${body}.${flipped.slice(0, 40)}${flipped.slice(41)}`,
      signToken('{"alg":"RS256","kid":"key-1"', claims()),
      signToken({ alg: "RS256", kid: "key-1" }, "[]"),
      signToken({ alg: "RS256", kid: "key-1" }, "null"),
      signToken({ alg: "RS256", kid: "key-1" }, '"text"'),
      signToken([], claims()),
      signToken("null", claims()),
      signToken({ alg: "RS256", kid: "key-1" }, claims({ padding: "x".repeat(20_000) })),
    ];
    for (const token of forged) assert.ok([400, 401, 431].includes(await statusOf(token)), token.slice(0, 200));
  });
});

test("claims of the wrong audience, time, type or shape are refused, and none causes a 500", async () => {
  const invalidClaims: object[] = [
    ...["other", "", [], ["other"], [audience, { a: 1 }], { 0: audience }, `${audience} other`, null, [[audience]]].map(
      (aud) => ({ aud }),
    ),
    ...[now() - 60, 0, -1, "9999999999", null, 1e300, now() + 200_000].map((exp) => ({ exp })),
    ...[now() + 120, null, "1", -1].map((iat) => ({ iat })),
    ...[now() + 120, "later"].map((nbf) => ({ nbf })),
    ...["", null, 0, 12, ["honest"], { id: "honest" }, "x".repeat(5000), "a\u0000b", "\ud800"].map((sub) => ({ sub })),
    { nonce: "n" },
    { at_hash: "h" },
    { events: { "http://schemas.openid.net/event/backchannel-logout": {} } },
  ];
  for (const extra of invalidClaims)
    assert.equal(
      await statusOf(signToken({ alg: "RS256", kid: "key-1", typ: "at+jwt" }, claims(extra))),
      401,
      JSON.stringify(extra).slice(0, 100),
    );
});
