import { readFileSync } from "node:fs";
import { createAuthority } from "../../../test/shared/certificates.ts";
import { startFaultProxy } from "../../../test/shared/servers/fault-proxy.ts";
import { startMailServer } from "../../../test/shared/servers/mail-server.ts";
import { audience, newKey, startTestIssuer } from "../../../test/shared/servers/test-issuer.ts";
import { single } from "./single.ts";
import type { Topology } from "./topology.ts";

async function start() {
  const stores = await single.start();
  const mail = await startMailServer();
  const mailPath = await startFaultProxy(mail.url);
  const authority = createAuthority();
  const { certFile, keyFile } = authority.issue("localhost");
  const tls = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  const issuer = await startTestIssuer(newKey("key-1"), tls);
  const issuerPath = await startFaultProxy(issuer.url);
  const issuerUrl = issuerPath.url.replace(/\/$/, "");
  issuer.answer(issuer.discoveryPath, { issuer: issuerUrl, jwks_uri: `${issuerUrl}/jwks` });
  return {
    ...stores,
    mail,
    mailPath,
    issuer: { ...issuer, url: issuerUrl },
    issuerPath,
    env: {
      MAIL_URL: mailPath.url,
      MAIL_FROM: "Haven <no-reply@example.com>",
      PUBLIC_URL: "https://app.example.com",
      TRUSTED_ISSUERS: issuerUrl,
      TRUSTED_AUDIENCE: audience,
      NODE_EXTRA_CA_CERTS: authority.caFile,
    },
  };
}

export type Accounts = Awaited<ReturnType<typeof start>>;

/** One Postgres and one Redis, with a mail server and an identity provider. */
export const accounts: Topology<Accounts> = { name: "a mail server and an identity provider", programs: [], start };
