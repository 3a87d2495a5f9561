import { z } from "zod";
import { identityExamples } from "../core/identity.ts";

const exampleSchemas = <Name extends string>(examples: Readonly<Record<Name, string>>): Record<Name, z.ZodString> => {
  const schemas = Object.entries<string>(examples).map(([name, example]) => [name, z.string().meta({ example })]);
  return Object.fromEntries(schemas);
};

/** The members that identify an instance, in the answers of probes, operator endpoints and `GET /api`. */
export const identity = exampleSchemas(identityExamples);
