import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import jwt, { type Algorithm, type JwtHeader } from "jsonwebtoken";
import { atEnd } from "../at-end.ts";

export const audience = "haven-test";

/** Creates a key pair with its public JWK. */
export function newKey(kid: string) {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { kid, privateKey, publicKey, jwk: { ...publicKey.export({ format: "jwk" }), kid, use: "sig" } };
}

export type TestKey = ReturnType<typeof newKey>;

export type SignOptions = { claims?: object; header?: object; key?: KeyObject | string; algorithm?: Algorithm };

/** Starts an issuer of tokens. A test can replace its responses, to simulate a broken or hostile issuer. */
export async function startTestIssuer(key: TestKey = newKey("key-1"), tls?: { key: Buffer; cert: Buffer }) {
  const answers = new Map<string, unknown>();
  const requests: string[] = [];
  const answerTo: RequestListener = (request, response) => {
    const path = request.url ?? "";
    requests.push(path);
    const answer = answers.get(path);
    if (typeof answer === "function") answer(response);
    else response.writeHead(answer === undefined ? 404 : 200, { connection: "close" }).end(JSON.stringify(answer));
  };
  const server = tls === undefined ? createServer(answerTo) : createTlsServer(tls, answerTo);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = async () => {
    server.closeAllConnections();
    server.close();
  };
  atEnd(close);
  const address = server.address();
  const url = `${tls === undefined ? "http" : "https"}://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  const discoveryPath = "/.well-known/openid-configuration";
  answers.set(discoveryPath, { issuer: url, jwks_uri: `${url}/jwks` });
  answers.set("/jwks", { keys: [key.jwk] });

  const sign = (subject: string, { claims = {}, header = {}, ...options }: SignOptions = {}): string => {
    const now = Math.floor(Date.now() / 1000);
    const payload = { iss: url, aud: audience, sub: subject, iat: now, exp: now + 300, ...claims };
    return jwt.sign(withoutUndefined(payload), options.key ?? key.privateKey, {
      algorithm: options.algorithm ?? "RS256",
      header: { kid: key.kid, typ: "at+jwt", ...header } as JwtHeader,
      allowInsecureKeySizes: true,
    });
  };
  return {
    url,
    key,
    requests,
    sign,
    close,
    discoveryPath,
    answer: (path: string, value: unknown) => answers.set(path, value),
  };
}

export type TestIssuer = Awaited<ReturnType<typeof startTestIssuer>>;

/** Sends the beginning of a response, and never its end. */
export const hang = (response: ServerResponse): void => void response.writeHead(200).write("{");

const withoutUndefined = (payload: object) =>
  Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined));

/** Joins the parts of a token without checking them. */
export const rawToken = (header: object, payload: object, signature: string): string =>
  [...[header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")), signature].join(".");
