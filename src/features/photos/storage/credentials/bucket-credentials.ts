import { rereadSecret } from "../../../../config/secret-files.ts";
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
 * Creates the keys of the settings, read again from their files for each call, or those of the role of this machine.
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
