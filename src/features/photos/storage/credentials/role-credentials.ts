import { readFile } from "node:fs/promises";
import { z } from "zod";
import { type Credentials, CredentialsError } from "./credentials.ts";

/** The variables that AWS sets in the environment of a pod, a task or an instance with a role. */
export type RoleSettings = {
  roleArn?: string | undefined;
  webIdentityTokenFile?: string | undefined;
  stsEndpoint?: string | undefined;
  containerUri?: string | undefined;
  containerToken?: string | undefined;
  containerTokenFile?: string | undefined;
  instanceMetadataEndpoint: string;
};

type Call = { url: string; method?: string; headers?: Record<string, string>; body?: string };

const timeoutMs = 2000;

/** Fetches credentials in the order of the AWS SDKs: web identity (Kubernetes), container (ECS, EKS), instance (EC2). */
export async function fetchRoleCredentials(settings: RoleSettings, region: string): Promise<Credentials> {
  if (settings.webIdentityTokenFile !== undefined && settings.roleArn !== undefined)
    return fromWebIdentity(settings, settings.webIdentityTokenFile, settings.roleArn, region);
  if (settings.containerUri !== undefined) return fromContainer(settings, settings.containerUri);
  return fromInstance(settings.instanceMetadataEndpoint);
}

async function fromWebIdentity(
  { stsEndpoint }: RoleSettings,
  tokenFile: string,
  roleArn: string,
  region: string,
): Promise<Credentials> {
  const source = "the web identity";
  const token = await readFile(tokenFile, "utf8").catch((cause: unknown) => {
    throw new CredentialsError(source, "the file of the token cannot be read", { cause });
  });
  const text = await call(source, {
    url: stsEndpoint ?? `https://sts.${region}.amazonaws.com/`,
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({
      Action: "AssumeRoleWithWebIdentity",
      Version: "2011-06-15",
      RoleArn: roleArn,
      RoleSessionName: "haven",
      WebIdentityToken: token.trim(),
    }).toString(),
  });
  const field = (name: string) => new RegExp(`<${name}>([^<]+)</${name}>`).exec(text)?.[1];
  return toCredentials(source, {
    AccessKeyId: field("AccessKeyId"),
    SecretAccessKey: field("SecretAccessKey"),
    Token: field("SessionToken"),
    Expiration: field("Expiration"),
  });
}

async function fromContainer(settings: RoleSettings, url: string): Promise<Credentials> {
  const source = "the container";
  const { containerToken, containerTokenFile } = settings;
  const token =
    containerTokenFile === undefined
      ? containerToken
      : await readFile(containerTokenFile, "utf8").catch((cause: unknown) => {
          throw new CredentialsError(source, "the file of the token cannot be read", { cause });
        });
  const headers = token === undefined ? {} : { Authorization: token.trim() };
  return toCredentials(source, parseJson(source, await call(source, { url, headers })));
}

/** Fetches the credentials of an EC2 instance with a session token (IMDSv2), which is required by default. */
async function fromInstance(endpoint: string): Promise<Credentials> {
  const source = "the instance";
  const base = `${endpoint.replace(/\/$/, "")}/latest`;
  const token = await call(source, {
    url: `${base}/api/token`,
    method: "PUT",
    headers: { "X-aws-ec2-metadata-token-ttl-seconds": "300" },
  });
  const headers = { "X-aws-ec2-metadata-token": token };
  const roles = `${base}/meta-data/iam/security-credentials/`;
  const [role = ""] = (await call(source, { url: roles, headers })).split("\n");
  return toCredentials(source, parseJson(source, await call(source, { url: `${roles}${role.trim()}`, headers })));
}

async function call(source: string, { url, method = "GET", headers = {}, body }: Call): Promise<string> {
  const limits = { redirect: "error", signal: AbortSignal.timeout(timeoutMs) } as const;
  const response = await fetch(url, { method, headers, ...limits, ...(body !== undefined && { body }) }).catch(
    (cause: unknown) => {
      throw new CredentialsError(source, "it does not answer", { cause });
    },
  );
  const text = await response.text();
  if (!response.ok) throw new CredentialsError(source, response.status);
  return text;
}

function parseJson(source: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CredentialsError(source, "the answer is not JSON", { cause });
  }
}

const answer = z.object({
  AccessKeyId: z.string().min(1),
  SecretAccessKey: z.string().min(1),
  Token: z.string().min(1),
  Expiration: z.iso.datetime({ offset: true }),
});

function toCredentials(source: string, value: unknown): Credentials {
  const parsed = answer.safeParse(value);
  if (!parsed.success) throw new CredentialsError(source, "the answer has no credentials");
  const { AccessKeyId, SecretAccessKey, Token, Expiration } = parsed.data;
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: Token,
    expiresAt: Date.parse(Expiration),
  };
}
