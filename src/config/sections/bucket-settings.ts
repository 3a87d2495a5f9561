import type { GivenSettings } from "../files/secret-files.ts";
import type { Variables } from "../variables.ts";

/** Reads the settings of the bucket. Without access keys, the server uses the role of the machine or the container. */
export function bucketSettings(v: Variables, files: GivenSettings["files"]) {
  const { S3_BUCKET: bucket, S3_ENDPOINT: endpoint, S3_REGION: region } = v;
  // `crossProblems` has checked that all of them are set, or none.
  if (!bucket || !endpoint || !region) return undefined;
  return {
    bucket,
    endpoint,
    region,
    accessKeyId: v.S3_ACCESS_KEY_ID,
    accessKeyIdFile: files.S3_ACCESS_KEY_ID,
    secretAccessKey: v.S3_SECRET_ACCESS_KEY,
    secretAccessKeyFile: files.S3_SECRET_ACCESS_KEY,
    role: roleSettings(v),
    pathStyle: v.S3_PATH_STYLE === "true",
    timeoutMs: v.S3_TIMEOUT_MS,
  };
}

function roleSettings(v: Variables) {
  const relative = v.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI;
  return {
    roleArn: v.AWS_ROLE_ARN,
    webIdentityTokenFile: v.AWS_WEB_IDENTITY_TOKEN_FILE,
    stsEndpoint: v.AWS_ENDPOINT_URL_STS,
    containerUri: relative === undefined ? v.AWS_CONTAINER_CREDENTIALS_FULL_URI : `${taskEndpoint}${relative}`,
    containerToken: v.AWS_CONTAINER_AUTHORIZATION_TOKEN,
    containerTokenFile: v.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE,
    instanceMetadataEndpoint: v.AWS_EC2_METADATA_SERVICE_ENDPOINT,
  };
}

/** The link-local address of the agent of ECS. */
const taskEndpoint = "http://169.254.170.2";
