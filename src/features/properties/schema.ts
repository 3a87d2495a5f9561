import { z } from "zod";
import { changesOf, country, id, moment, search, singleLine } from "../../http/input/common-schemas.ts";
import { operation } from "../../http/operation.ts";
import { listOf, pageFields } from "../../http/pagination.ts";

export const kinds = ["apartment_building", "house", "condo", "commercial"] as const;

const address = z.strictObject({
  line1: singleLine(200, "12 Harbour Street"),
  line2: singleLine(200, "Rear building").optional(),
  city: singleLine(100, "Lisbon"),
  region: singleLine(100, "Lisboa").optional(),
  postalCode: singleLine(20, "1200-109"),
  country,
});

const kind = z.enum(kinds).meta({ id: "PropertyKind" });
const fields = z.strictObject({ name: singleLine(200, "Harbour House"), kind, address });

const property = z.object({ id, ...fields.shape, createdAt: moment, updatedAt: moment }).meta({ id: "Property" });

export type PropertyFields = z.output<typeof fields>;
export type PropertyChanges = Partial<PropertyFields>;

const tag = "Properties";
const access = "member";
const params = z.strictObject({ propertyId: id });

export const operations = {
  create: operation({
    id: "createProperty",
    method: "post",
    path: "/properties",
    summary: "Create a property",
    tag,
    access,
    body: fields,
    headers: ["Idempotency-Key"],
    answers: { 201: { description: "The property.", schema: property, headers: ["ETag", "Location"] } },
  }),
  list: operation({
    id: "listProperties",
    method: "get",
    path: "/properties",
    summary: "List properties, newest first",
    tag,
    access,
    query: z.strictObject({ ...pageFields, kind: kind.optional(), q: search }),
    headers: ["If-None-Match"],
    answers: { 200: { description: "A page of properties.", schema: listOf(property) } },
  }),
  get: operation({
    id: "getProperty",
    method: "get",
    path: "/properties/{propertyId}",
    summary: "Get a property",
    tag,
    access,
    params,
    headers: ["If-None-Match"],
    answers: { 200: { description: "The property.", schema: property } },
  }),
  update: operation({
    id: "updateProperty",
    method: "patch",
    path: "/properties/{propertyId}",
    summary: "Update a property",
    tag,
    access,
    params,
    body: changesOf(fields),
    headers: ["If-Match"],
    answers: { 200: { description: "The updated property.", schema: property } },
  }),
  remove: operation({
    id: "deleteProperty",
    method: "delete",
    path: "/properties/{propertyId}",
    summary: "Delete a property",
    description: "Refused with 409 while the property has units or photos.",
    tag,
    access,
    params,
    headers: ["If-Match"],
    problems: ["conflict"],
    answers: { 204: { description: "Deleted." } },
  }),
};
