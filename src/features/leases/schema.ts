import { z } from "zod";
import {
  cents,
  changesOf,
  currency,
  day,
  email,
  id,
  moment,
  search,
  singleLine,
} from "../../http/input/common-schemas.ts";
import { operation } from "../../http/operation.ts";
import { listOf, pageFields } from "../../http/pagination.ts";

export const statuses = ["upcoming", "active", "ended"] as const;
export type LeaseStatus = (typeof statuses)[number];

const status = z.enum(statuses).meta({ id: "LeaseStatus" });

const fields = z.strictObject({
  tenantName: singleLine(200, "Ana Duarte"),
  tenantEmail: email,
  startsOn: day.meta({ example: "2026-05-01" }),
  endsOn: day.meta({ description: "The last day, inclusive; must not be before `startsOn`", example: "2027-04-30" }),
  rentCents: cents,
});

const lease = z
  .object({
    id,
    unitId: id,
    ...fields.shape,
    currency: currency.meta({ description: "The currency of the unit when the lease was created" }),
    status: status.meta({ description: "Derived from the dates of the lease and today's date in UTC" }),
    createdAt: moment,
    updatedAt: moment,
  })
  .meta({ id: "Lease" });

export const hasValidPeriod = ({ startsOn, endsOn }: { startsOn: string; endsOn: string }): boolean =>
  startsOn <= endsOn;
export const invalidPeriod = { path: "endsOn", message: "must not be before startsOn" };

export type LeaseFields = z.output<typeof fields>;
export type LeaseChanges = Partial<LeaseFields>;

const tag = "Leases";
const access = "member";
const params = z.strictObject({ leaseId: id });
const ofUnit = z.strictObject({ unitId: id });

export const operations = {
  create: operation({
    id: "createLease",
    method: "post",
    path: "/units/{unitId}/leases",
    summary: "Create a lease",
    tag,
    access,
    params: ofUnit,
    body: fields.refine(hasValidPeriod, { path: [invalidPeriod.path], message: invalidPeriod.message }),
    headers: ["Idempotency-Key"],
    problems: ["conflict"],
    answers: { 201: { description: "The lease.", schema: lease, headers: ["ETag", "Location"] } },
  }),
  list: operation({
    id: "listLeases",
    method: "get",
    path: "/units/{unitId}/leases",
    summary: "List the leases of a unit, newest first",
    tag,
    access,
    params: ofUnit,
    query: z.strictObject({ ...pageFields, status: status.optional(), q: search }),
    headers: ["If-None-Match"],
    answers: { 200: { description: "A page of leases.", schema: listOf(lease) } },
  }),
  get: operation({
    id: "getLease",
    method: "get",
    path: "/leases/{leaseId}",
    summary: "Get a lease",
    tag,
    access,
    params,
    headers: ["If-None-Match"],
    answers: { 200: { description: "The lease.", schema: lease } },
  }),
  update: operation({
    id: "updateLease",
    method: "patch",
    path: "/leases/{leaseId}",
    summary: "Update a lease",
    description: "To end a lease early, set an earlier `endsOn`.",
    tag,
    access,
    params,
    body: changesOf(fields),
    headers: ["If-Match"],
    problems: ["conflict"],
    answers: { 200: { description: "The updated lease.", schema: lease } },
  }),
  remove: operation({
    id: "deleteLease",
    method: "delete",
    path: "/leases/{leaseId}",
    summary: "Delete a lease",
    tag,
    access,
    params,
    headers: ["If-Match"],
    answers: { 204: { description: "Deleted." } },
  }),
};
