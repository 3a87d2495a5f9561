import { z } from "zod";
import { id, moment } from "../../http/input/common-schemas.ts";
import { operation } from "../../http/operation.ts";
import { listOf, pageFields } from "../../http/pagination.ts";
import { fileTypes, fileUrl, limits, uploadProblems } from "./upload-schema.ts";

const photo = z
  .object({
    id,
    propertyId: id,
    width: z.int().meta({ description: "Width of the image at `urls.page`, in pixels", example: 1600 }),
    height: z.int().meta({ description: "Height of the image at `urls.page`, in pixels", example: 1067 }),
    urls: z.object({
      list: fileUrl.meta({ description: "At most 480 pixels wide and high" }),
      page: fileUrl.meta({ description: "At most 1600 pixels wide and high" }),
    }),
    createdAt: moment,
  })
  .meta({ id: "Photo" });

const tag = "Photos";
const access = "member";
const ofProperty = z.strictObject({ propertyId: id });
const params = z.strictObject({ photoId: id });
export const operations = {
  create: operation({
    id: "addPhoto",
    method: "post",
    path: "/properties/{propertyId}/photos",
    summary: "Add a photo to a property",
    tag,
    access,
    params: ofProperty,
    upload: { field: "photo", fileTypes, contentTypes: ["multipart/form-data"], description: limits },
    headers: ["Idempotency-Key"],
    problems: uploadProblems,
    answers: { 201: { description: "The photo.", schema: photo, headers: ["ETag", "Location"] } },
  }),
  list: operation({
    id: "listPhotos",
    method: "get",
    path: "/properties/{propertyId}/photos",
    summary: "List the photos of a property, newest first",
    tag,
    access,
    params: ofProperty,
    query: z.strictObject(pageFields),
    headers: ["If-None-Match"],
    answers: { 200: { description: "A page of photos.", schema: listOf(photo) } },
  }),
  get: operation({
    id: "getPhoto",
    method: "get",
    path: "/photos/{photoId}",
    summary: "Get a photo",
    tag,
    access,
    params,
    headers: ["If-None-Match"],
    answers: { 200: { description: "The photo.", schema: photo } },
  }),
  remove: operation({
    id: "deletePhoto",
    method: "delete",
    path: "/photos/{photoId}",
    summary: "Delete a photo",
    tag,
    access,
    params,
    headers: ["If-Match"],
    answers: { 204: { description: "Deleted. Caches may serve the files for some time." } },
  }),
};
