import { rereadSecret } from "../../../../config/files/secret-files.ts";
import { type CredentialSource, CredentialsError, cacheCredentials } from "./credentials.ts";
import { fetchRoleCredentials, type RoleSettings } from "./role-credentials.ts";

export type BucketIdentity = {
  region: string;
  accessKeyId?: string | undefined;
  accessKeyIdFile?: string | undefined;
  secretAccessKey?: string | undefined;
  secretAccessKeyFile?: string | undefined;
  role: RoleSettings;
};

/**
 * Returns a source of the keys in the settings, re-read from their files at each call. Without such keys, it is a
 * source of temporary credentials of the AWS role of this pod, task or machine.
 */
export function createBucketCredentials(identity: BucketIdentity): CredentialSource {
  if (identity.accessKeyId === undefined)
    return cacheCredentials(() => fetchRoleCredentials(identity.role, identity.region));
  const id = rereadSecret(identity.accessKeyId, identity.accessKeyIdFile);
  const secret = rereadSecret(identity.secretAccessKey, identity.secretAccessKeyFile);
  return {
    async get() {
      const [accessKeyId, secretAccessKey] = [id(), secret()];
      if (accessKeyId === undefined || secretAccessKey === undefined)
        throw new CredentialsError("the settings", "a key is missing");
      return { accessKeyId, secretAccessKey };
    },
    invalidate: () => undefined,
  };
}
