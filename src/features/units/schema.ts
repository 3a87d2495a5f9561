import { z } from "zod";
import { cents, changesOf, currency, id, moment, search, singleLine } from "../../http/input/common-schemas.ts";
import { operation } from "../../http/operation.ts";
import { listOf, pageFields } from "../../http/pagination.ts";

export const statuses = ["vacant", "occupied", "unavailable"] as const;
export type UnitStatus = (typeof statuses)[number];

const status = z.enum(statuses).meta({ id: "UnitStatus" });
const settableStatus = z
  .enum(["vacant", "unavailable"], "must be vacant or unavailable; occupied is set by a lease only")
  .meta({ id: "SettableUnitStatus", description: "`unavailable`: no leases can be added" });
const rooms = z.int("must be a whole number").min(0, "must be at least 0").max(1000, "must be at most 1000");
const bathrooms = z
  .number("must be a number")
  .min(0, "must be at least 0")
  .max(1000, "must be at most 1000")
  .refine((rooms) => Number.isInteger(2 * rooms), "must be a multiple of 0.5")
  .meta({ multipleOf: 0.5 });

const fields = z.strictObject({
  label: singleLine(50, "2B"),
  bedrooms: rooms.meta({ example: 2 }),
  bathrooms: bathrooms.meta({ example: 1.5 }),
  rentCents: cents,
  currency,
  status: settableStatus.default("vacant"),
});

const unit = z
  .object({
    id,
    propertyId: id,
    ...fields.shape,
    status: status.meta({ description: "`occupied` while a lease is active; otherwise the status that was set" }),
    createdAt: moment,
    updatedAt: moment,
  })
  .meta({ id: "Unit" });

const changes = changesOf(fields.extend({ status: settableStatus }));

export type UnitFields = z.output<typeof fields>;
export type UnitChanges = z.output<typeof changes>;

const tag = "Units";
const access = "member";
const params = z.strictObject({ unitId: id });
const ofProperty = z.strictObject({ propertyId: id });

export const operations = {
  create: operation({
    id: "createUnit",
    method: "post",
    path: "/properties/{propertyId}/units",
    summary: "Create a unit",
    tag,
    access,
    params: ofProperty,
    body: fields,
    headers: ["Idempotency-Key"],
    problems: ["conflict"],
    answers: { 201: { description: "The unit.", schema: unit, headers: ["ETag", "Location"] } },
  }),
  list: operation({
    id: "listUnits",
    method: "get",
    path: "/properties/{propertyId}/units",
    summary: "List the units of a property, newest first",
    tag,
    access,
    params: ofProperty,
    query: z.strictObject({ ...pageFields, status: status.optional(), q: search }),
    headers: ["If-None-Match"],
    answers: { 200: { description: "A page of units.", schema: listOf(unit) } },
  }),
  get: operation({
    id: "getUnit",
    method: "get",
    path: "/units/{unitId}",
    summary: "Get a unit",
    tag,
    access,
    params,
    headers: ["If-None-Match"],
    answers: { 200: { description: "The unit.", schema: unit } },
  }),
  update: operation({
    id: "updateUnit",
    method: "patch",
    path: "/units/{unitId}",
    summary: "Update a unit",
    tag,
    access,
    params,
    body: changes,
    headers: ["If-Match"],
    problems: ["conflict"],
    answers: { 200: { description: "The updated unit.", schema: unit } },
  }),
  remove: operation({
    id: "deleteUnit",
    method: "delete",
    path: "/units/{unitId}",
    summary: "Delete a unit",
    description: "Refused with 409 while the unit has leases or maintenance requests.",
    tag,
    access,
    params,
    headers: ["If-Match"],
    problems: ["conflict"],
    answers: { 204: { description: "Deleted." } },
  }),
};
