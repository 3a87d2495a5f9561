import { loadAwsServiceSpecSync } from "@aws-cdk/aws-service-spec";
import { parse, type Tags } from "yaml";
import { z } from "zod";

type Specification = ReturnType<typeof loadAwsServiceSpecSync>;
const lookUp = (specification: Specification, type: string) =>
  [...specification.lookup("resource", "cloudFormationType", "equals", type)][0];
type Resource = NonNullable<ReturnType<typeof lookUp>>;
type Properties = Resource["properties"];
type PropertyType = Properties[string]["type"];
type Fields = Readonly<Record<string, unknown>>;

const intrinsics = ["Ref", "GetAtt", "Sub", "If", "Not", "Equals", "And", "Or", "Join", "Select", "Split", "Condition"];

/** `!Ref X` becomes `{ Ref: X }`, `!GetAtt A.B` becomes `{ "Fn::GetAtt": "A.B" }`: the long form. */
const shortForms = intrinsics.flatMap((name): Tags => {
  const long = name === "Ref" || name === "Condition" ? name : `Fn::${name}`;
  return [
    { tag: `!${name}`, resolve: (text: string) => ({ [long]: text }) },
    { tag: `!${name}`, collection: "seq", resolve: (list: { toJSON(): unknown }) => ({ [long]: list.toJSON() }) },
  ] as Tags;
});

const parameterTypes = /^(String|Number|CommaDelimitedList|List<Number>|(List<)?AWS::[A-Za-z0-9]+::[A-Za-z0-9:]+>?)$/;

const parameter = z.strictObject({
  Type: z.string().regex(parameterTypes),
  Description: z.string().optional(),
  Default: z.union([z.string(), z.number()]).optional(),
  AllowedPattern: z.string().optional(),
  AllowedValues: z.array(z.string()).optional(),
  MinValue: z.number().optional(),
  MaxValue: z.number().optional(),
});

const templateShape = z.strictObject({
  AWSTemplateFormatVersion: z.literal("2010-09-09"),
  Description: z.string(),
  Parameters: z.record(z.string(), parameter).default({}),
  Conditions: z.record(z.string(), z.unknown()).default({}),
  Resources: z.record(
    z.string(),
    z.strictObject({
      Type: z.string(),
      Properties: z.record(z.string(), z.unknown()).default({}),
      DependsOn: z.union([z.string(), z.array(z.string())]).optional(),
      Condition: z.string().optional(),
      DeletionPolicy: z.string().optional(),
    }),
  ),
  Outputs: z
    .record(
      z.string(),
      z.strictObject({ Description: z.string(), Value: z.unknown(), Condition: z.string().optional() }),
    )
    .default({}),
});

export type Template = z.infer<typeof templateShape>;

export const parseTemplate = (text: string): Template =>
  templateShape.parse(parse(text, { customTags: (tags) => [...tags, ...shortForms] }));

let loaded: Specification | undefined;

/** Returns the violations of AWS's specification of resources: unknown names, wrong types, missing properties. */
export function errorsOfTemplate(template: Template): string[] {
  loaded ??= loadAwsServiceSpecSync();
  const db = loaded;
  const faults: string[] = [];
  const resources = new Map<string, Resource>();
  for (const [name, { Type }] of Object.entries(template.Resources)) {
    const resource = lookUp(db, Type);
    if (resource) resources.set(name, resource);
    else faults.push(`${name}: there is no ${Type}`);
  }

  function check(value: unknown, type: PropertyType, path: string): void {
    if (isFields(value) && Object.keys(value).length === 1 && isIntrinsic(value)) {
      const branches = value["Fn::If"];
      if (Array.isArray(branches)) for (const branch of branches.slice(1)) check(branch, type, path);
      return;
    }
    switch (type.type) {
      case "string":
        // CloudFormation accepts numbers and booleans as strings, but a clean template does not use them.
        if (typeof value !== "string") faults.push(`${path} is not a string`);
        else if (type.allowedValues && !type.allowedValues.includes(value))
          faults.push(`${path} is not one of the allowed values`);
        return;
      case "integer":
      case "number":
        if (typeof value !== "number") faults.push(`${path} is not a number`);
        return;
      case "boolean":
        if (typeof value !== "boolean") faults.push(`${path} is neither true nor false`);
        return;
      case "array":
        if (!Array.isArray(value)) faults.push(`${path} is not a list`);
        else for (const [index, item] of value.entries()) check(item, type.element, `${path}.${index}`);
        return;
      case "ref": {
        checkFields(value, db.get("typeDefinition", type.reference.$ref).properties, path);
        return;
      }
      default:
        faults.push(`${path} has the type ${type.type}, which this check does not support`);
    }
  }

  function checkFields(value: unknown, properties: Properties, path: string): void {
    if (!isFields(value)) {
      faults.push(`${path} is not an object`);
      return;
    }
    for (const [name, { required }] of Object.entries(properties))
      if (required && value[name] === undefined) faults.push(`${path}.${name} is missing`);
    for (const [name, inner] of Object.entries(value)) {
      const property = properties[name];
      if (property === undefined) faults.push(`${path}.${name} is unknown`);
      else check(inner, property.type, `${path}.${name}`);
    }
  }

  function checkReferences(value: unknown, path: string): void {
    if (Array.isArray(value)) for (const [index, item] of value.entries()) checkReferences(item, `${path}.${index}`);
    if (!isFields(value)) return;
    const { Ref: target, "Fn::GetAtt": attribute, "Fn::If": branches } = value;
    if (target !== undefined && !isKnown(String(target)))
      faults.push(`${path} refers to ${target}, which does not exist`);
    if (typeof attribute === "string") {
      const [name = "", ...rest] = attribute.split(".");
      if (resources.get(name)?.attributes[rest.join(".")] === undefined)
        faults.push(`${path}: there is no ${attribute}`);
    }
    if (Array.isArray(branches) && !(String(branches[0]) in template.Conditions))
      faults.push(`${path} depends on the condition ${branches[0]}, which does not exist`);
    for (const [name, inner] of Object.entries(value)) checkReferences(inner, `${path}.${name}`);
  }

  const isKnown = (name: string) =>
    name in template.Resources ||
    name in template.Parameters ||
    /^AWS::(NoValue|Region|AccountId|StackName)$/.test(name);

  for (const [name, { Properties }] of Object.entries(template.Resources)) {
    const resource = resources.get(name);
    if (resource) checkFields(Properties, resource.properties, name);
  }
  checkReferences(template.Conditions, "Conditions");
  checkReferences(template.Resources, "Resources");
  checkReferences(template.Outputs, "Outputs");
  return faults;
}

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isIntrinsic = (value: Fields): boolean =>
  Object.keys(value).every((key) => key === "Ref" || key.startsWith("Fn::"));

/** Returns the items of a list that do not depend on a condition. */
export const unconditional = (list: unknown): unknown =>
  Array.isArray(list) ? list.filter((item) => !("Fn::If" in Object(item))) : list;
