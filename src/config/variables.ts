import { z } from "zod";
import { bucketRoleVariables, bucketVariables, uploadVariables } from "./variables/file-variables.ts";
import { healthVariables } from "./variables/health-variables.ts";
import { mailVariables } from "./variables/mail-variables.ts";
import {
  developmentVariables,
  requestVariables,
  serverVariables,
  shutdownVariables,
} from "./variables/server-variables.ts";
import { sessionVariables } from "./variables/session-variables.ts";
import { postgresVariables, redisVariables } from "./variables/store-variables.ts";
import { streamVariables } from "./variables/stream-variables.ts";
import { traceVariables } from "./variables/trace-variables.ts";

/** All settings in the order of their sections. `.env.example` and docs/settings.md are generated from this. */
export const sections = [
  { title: "Server", variables: serverVariables },
  { title: "Postgres", variables: postgresVariables },
  { title: "Redis", variables: redisVariables },
  { title: "Sessions and access tokens", variables: sessionVariables },
  { title: "Health checks and probes", variables: healthVariables },
  { title: "Proxies, time limits and overload", variables: requestVariables },
  { title: "Uploads", variables: uploadVariables },
  { title: "Event streams", variables: streamVariables },
  { title: "Bucket for photos", variables: bucketVariables },
  { title: "Roles of AWS for the bucket", variables: bucketRoleVariables },
  { title: "Account mail", variables: mailVariables },
  { title: "Shutdown", variables: shutdownVariables },
  { title: "Traces", variables: traceVariables },
  { title: "Development", variables: developmentVariables },
] as const;

export const variables = z.object({
  ...serverVariables,
  ...postgresVariables,
  ...redisVariables,
  ...sessionVariables,
  ...healthVariables,
  ...requestVariables,
  ...uploadVariables,
  ...streamVariables,
  ...bucketVariables,
  ...bucketRoleVariables,
  ...mailVariables,
  ...shutdownVariables,
  ...traceVariables,
  ...developmentVariables,
});

export type Variables = z.infer<typeof variables>;
export type VariableName = keyof Variables;
