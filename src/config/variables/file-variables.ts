import { url } from "../parsers/addresses.ts";
import { identifier, milliseconds, oneOf, text, wholeNumber } from "../parsers/values.ts";

export const uploadVariables = {
  UPLOAD_MEMORY_BYTES: wholeNumber(10_000_000, 100_000_000_000, "a whole number of bytes")
    .default(67_108_864)
    .describe("Maximum total size of uploads that are processed at the same time; further uploads get 503"),
  UPLOAD_MAX_PER_USER: wholeNumber(1, 1_000_000, "a whole number")
    .optional()
    .describe(
      "Maximum number of concurrent uploads of one user, waiting ones included; further ones get 429; default: 6, but at most half of the uploads that `UPLOAD_MEMORY_BYTES` and the image queue allow",
    ),
  IMAGES_AT_ONCE: wholeNumber(1, 64, "a whole number")
    .default(1)
    .describe("Number of images that are decoded at the same time; each uses one core, and up to 420 MiB for a moment"),
  IMAGE_QUEUE_LENGTH: wholeNumber(0, 1000, "a whole number")
    .default(16)
    .describe("Number of images that may wait to be decoded; further uploads get 503"),
  IMAGE_QUEUE_TIMEOUT_MS: milliseconds(0).default(5000).describe("Maximum wait of an image before it is decoded"),
  IMAGE_TIMEOUT_MS: milliseconds(1000)
    .default(8000)
    .describe("Time limit for decoding one image, rounded up to whole seconds"),
};

export const bucketVariables = {
  S3_BUCKET: text.optional().describe("Bucket for photos and avatars; they are stored in Postgres if unset"),
  S3_ENDPOINT: url(["https:", "http:"])
    .optional()
    .describe("Endpoint of the bucket, e.g. `https://s3.eu-west-1.amazonaws.com`; required with `S3_BUCKET`"),
  S3_REGION: identifier
    .optional()
    .describe("Region of the bucket; `auto` or `us-east-1` for services without regions; required with `S3_BUCKET`"),
  S3_ACCESS_KEY_ID: text
    .optional()
    .describe(
      "Access key of the bucket; without it, the role of the pod, the task or the instance is used, as the AWS SDKs do",
    ),
  S3_SECRET_ACCESS_KEY: text.optional().describe("Secret key of the bucket; required with `S3_ACCESS_KEY_ID`"),
  S3_PATH_STYLE: oneOf(["true", "false"])
    .default("true")
    .describe("`true`: URLs have the name of the bucket in the path; `false`: in the host name"),
  S3_TIMEOUT_MS: milliseconds(100).default(3000).describe("Time limit of one call to the bucket"),
};

export const bucketRoleVariables = {
  AWS_ROLE_ARN: text.optional().describe("Role to assume with the token; EKS sets it"),
  AWS_WEB_IDENTITY_TOKEN_FILE: text.optional().describe("File with the token of a web identity; EKS sets it"),
  AWS_ENDPOINT_URL_STS: url(["https:", "http:"])
    .optional()
    .describe("Endpoint that assumes the role; default: that of AWS in `S3_REGION`"),
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: text.optional().describe("Path of the credentials of a task; ECS sets it"),
  AWS_CONTAINER_CREDENTIALS_FULL_URI: url(["https:", "http:"])
    .optional()
    .describe("URL of the credentials of a pod or task; EKS Pod Identity sets it"),
  AWS_CONTAINER_AUTHORIZATION_TOKEN: text.optional().describe("Token for the URL of the credentials"),
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: text.optional().describe("File with this token"),
  AWS_EC2_METADATA_SERVICE_ENDPOINT: url(["https:", "http:"])
    .default("http://169.254.169.254")
    .describe("Service that gives the credentials of an EC2 instance"),
};
