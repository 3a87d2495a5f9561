import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import Provider, { type Configuration } from "oidc-provider";
import { atEnd } from "../../shared/at-end.ts";
import { freePort } from "../../shared/free-port.ts";
import { ask } from "../../shared/requests/http.ts";
import { audience, newKey } from "../../shared/servers/test-issuer.ts";

const client = { client_id: "robot", client_secret: "a-secret-of-the-test" };

/** Starts a real OpenID Connect provider, which gives access tokens to a client. */
export async function startProvider() {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const key = newKey("provider-key");
  const configuration: Configuration = {
    clients: [{ ...client, grant_types: ["client_credentials"], redirect_uris: [], response_types: [] }],
    jwks: { keys: [{ ...key.privateKey.export({ format: "jwk" }), kid: key.kid, use: "sig", alg: "RS256" }] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => "urn:haven",
        getResourceServerInfo: () => ({
          scope: "api",
          audience,
          accessTokenFormat: "jwt",
          accessTokenTTL: 300,
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
    extraTokenClaims: () => ({ groups: ["staff", "haven-admins"], name: "Release Robot" }),
  };
  const server = createServer(new Provider(issuer, configuration).callback());
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const close = async () => {
    server.closeAllConnections();
    server.close();
  };
  atEnd(close);
  const token = async (): Promise<string> => {
    const answer = await ask(`${issuer}/token`, {
      method: "POST",
      headers: {
        authorization: `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString("base64")}`,
        "content-type": "application/x-www-form-urlencoded",
      },
      body: "grant_type=client_credentials&scope=api",
    });
    assert.equal(answer.status, 200, answer.text);
    return (answer.json() as { access_token: string }).access_token;
  };
  return { issuer, token, close };
}
