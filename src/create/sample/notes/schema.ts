import { z } from "zod";
import { changesOf, id, moment, prose, search, singleLine } from "../../../http/input/common-schemas.ts";
import { operation } from "../../../http/operation.ts";
import { listOf, pageFields } from "../../../http/pagination.ts";

const fields = z.strictObject({
  title: singleLine(200, "Order coffee"),
  text: prose(10_000).meta({ example: "Two bags, whole beans." }),
});

const note = z.object({ id, ...fields.shape, createdAt: moment, updatedAt: moment }).meta({ id: "Note" });

export type NoteFields = z.output<typeof fields>;
export type NoteChanges = Partial<NoteFields>;

const tag = "Notes";
const access = "member";
const params = z.strictObject({ noteId: id });

export const operations = {
  create: operation({
    id: "createNote",
    method: "post",
    path: "/notes",
    summary: "Create a note",
    tag,
    access,
    body: fields,
    headers: ["Idempotency-Key"],
    answers: { 201: { description: "The note.", schema: note, headers: ["ETag", "Location"] } },
  }),
  list: operation({
    id: "listNotes",
    method: "get",
    path: "/notes",
    summary: "List notes, newest first",
    tag,
    access,
    query: z.strictObject({ ...pageFields, q: search }),
    headers: ["If-None-Match"],
    answers: { 200: { description: "A page of notes.", schema: listOf(note) } },
  }),
  get: operation({
    id: "getNote",
    method: "get",
    path: "/notes/{noteId}",
    summary: "Get a note",
    tag,
    access,
    params,
    headers: ["If-None-Match"],
    answers: { 200: { description: "The note.", schema: note } },
  }),
  update: operation({
    id: "updateNote",
    method: "patch",
    path: "/notes/{noteId}",
    summary: "Update a note",
    tag,
    access,
    params,
    body: changesOf(fields),
    headers: ["If-Match"],
    answers: { 200: { description: "The updated note.", schema: note } },
  }),
  remove: operation({
    id: "deleteNote",
    method: "delete",
    path: "/notes/{noteId}",
    summary: "Delete a note",
    tag,
    access,
    params,
    headers: ["If-Match"],
    answers: { 204: { description: "Deleted." } },
  }),
};
