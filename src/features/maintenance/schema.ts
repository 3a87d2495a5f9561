import { z } from "zod";
import { changesOf, id, moment, prose, search, singleLine } from "../../http/input/common-schemas.ts";
import { operation } from "../../http/operation.ts";
import { listOf, pageFields } from "../../http/pagination.ts";
import { statuses } from "./status-transitions.ts";

export const priorities = ["low", "normal", "high", "emergency"] as const;
export const eventTypes = ["created", "changed", "status_changed", "noted", "deleted"] as const;
export type EventType = (typeof eventTypes)[number];

const priority = z.enum(priorities).meta({ id: "MaintenancePriority" });
const status = z.enum(statuses).meta({ id: "MaintenanceStatus" });
const description = prose(5000);
const note = singleLine(5000, "The plumber comes on Thursday at nine.");

const fields = z.strictObject({
  title: singleLine(200, "Kitchen tap drips"),
  description: description.default("").meta({ example: "Since Monday, and it is getting worse." }),
  priority: priority.default("normal"),
});

const request = z
  .object({
    id,
    unitId: id,
    ...fields.shape,
    status,
    createdAt: moment,
    updatedAt: moment,
  })
  .meta({ id: "MaintenanceRequest" });

const change = <Value extends z.ZodType>(value: Value) => z.object({ from: value, to: value }).optional();
const changedFields = z
  .object({
    title: change(fields.shape.title),
    description: change(description),
    priority: change(priority),
    status: change(status),
  })
  .meta({ id: "MaintenanceChanges", description: "Old and new value of each field that has changed" });

const eventFields = { id, requestId: id, unitId: id, at: moment };
const requestAfterEvent = request.meta({ description: "The request after the event" });
const eventOf = <Data extends z.ZodRawShape>(type: EventType, name: string, data: Data) =>
  z
    .object({ ...eventFields, type: z.literal(type), data: z.object({ request: requestAfterEvent, ...data }) })
    .meta({ id: name });

export const event = z
  .discriminatedUnion("type", [
    eventOf("created", "MaintenanceCreated", {}),
    eventOf("changed", "MaintenanceChanged", { changes: changedFields }),
    eventOf("status_changed", "MaintenanceStatusChanged", { changes: changedFields }),
    eventOf("noted", "MaintenanceNoted", {
      note: z.string().meta({ example: "The plumber comes on Thursday at nine." }),
    }),
    eventOf("deleted", "MaintenanceDeleted", {}),
  ])
  .meta({ id: "MaintenanceEvent" });

const changes = changesOf(
  z.strictObject({
    title: fields.shape.title,
    description,
    priority,
    status: status.meta({
      description:
        "`open` → `in_progress` → `resolved` → `closed`, one step at a time, and from each of them back to `open`. Other transitions return 409",
    }),
  }),
);

export type RequestFields = z.output<typeof fields>;
export type RequestChanges = z.output<typeof changes>;

const tag = "Maintenance";
const access = "member";
const params = z.strictObject({ requestId: id });
const ofUnit = z.strictObject({ unitId: id });
const query = z.strictObject({ ...pageFields, status: status.optional(), q: search });
const page = { 200: { description: "A page of maintenance requests.", schema: listOf(request) } };

export const operations = {
  create: operation({
    id: "createMaintenanceRequest",
    method: "post",
    path: "/units/{unitId}/maintenance-requests",
    summary: "Create a maintenance request",
    tag,
    access,
    params: ofUnit,
    body: fields,
    headers: ["Idempotency-Key"],
    answers: { 201: { description: "The maintenance request.", schema: request, headers: ["ETag", "Location"] } },
  }),
  listOfUnit: operation({
    id: "listMaintenanceRequestsOfUnit",
    method: "get",
    path: "/units/{unitId}/maintenance-requests",
    summary: "List the maintenance requests of a unit, newest first",
    tag,
    access,
    params: ofUnit,
    query,
    headers: ["If-None-Match"],
    answers: page,
  }),
  list: operation({
    id: "listMaintenanceRequests",
    method: "get",
    path: "/maintenance-requests",
    summary: "List maintenance requests, newest first",
    tag,
    access,
    query,
    headers: ["If-None-Match"],
    answers: page,
  }),
  get: operation({
    id: "getMaintenanceRequest",
    method: "get",
    path: "/maintenance-requests/{requestId}",
    summary: "Get a maintenance request",
    tag,
    access,
    params,
    headers: ["If-None-Match"],
    answers: { 200: { description: "The maintenance request.", schema: request } },
  }),
  update: operation({
    id: "updateMaintenanceRequest",
    method: "patch",
    path: "/maintenance-requests/{requestId}",
    summary: "Update a maintenance request",
    tag,
    access,
    params,
    body: changes,
    headers: ["If-Match"],
    problems: ["conflict"],
    answers: { 200: { description: "The updated request.", schema: request } },
  }),
  remove: operation({
    id: "deleteMaintenanceRequest",
    method: "delete",
    path: "/maintenance-requests/{requestId}",
    summary: "Delete a maintenance request",
    tag,
    access,
    params,
    headers: ["If-Match"],
    answers: { 204: { description: "Deleted; a stream event is emitted." } },
  }),
  listEvents: operation({
    id: "listMaintenanceEvents",
    method: "get",
    path: "/maintenance-requests/{requestId}/events",
    summary: "List the events of a maintenance request, newest first",
    tag,
    access,
    params,
    query: z.strictObject(pageFields),
    headers: ["If-None-Match"],
    answers: { 200: { description: "A page of events.", schema: listOf(event) } },
  }),
  note: operation({
    id: "noteOnMaintenanceRequest",
    method: "post",
    path: "/maintenance-requests/{requestId}/events",
    summary: "Add a note to a maintenance request",
    tag,
    access,
    params,
    body: z.strictObject({ note }),
    headers: ["Idempotency-Key"],
    answers: { 201: { description: "The event with the note.", schema: event } },
  }),
};
