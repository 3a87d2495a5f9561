import { z } from "zod";
import { id, moment } from "../../http/input/common-schemas.ts";
import { operation } from "../../http/operation.ts";
import { listOf, pageFields } from "../../http/pagination.ts";

const fileUrl = z.string().meta({ example: "/uploads/5f2b7c1e9a4d4f0c8b3e6d7a1c2f9e08.webp" });

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
const limits = "JPEG, PNG, WebP or AVIF, detected by content; at most 5,000,000 bytes and 40 megapixels (AVIF: 16).";
const fileTypes = ["image/jpeg", "image/png", "image/webp", "image/avif"];
const uploadProblems = [
  "payload_too_large",
  "unsupported_media_type",
  "unprocessable",
  "rate_limited",
  "overloaded",
] as const;

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
  changeAvatar: operation({
    id: "changeAvatar",
    method: "put",
    path: "/auth/me/avatar",
    summary: "Set the avatar",
    tag,
    access: "account",
    upload: {
      field: "avatar",
      fileTypes,
      contentTypes: ["multipart/form-data", ...fileTypes, "application/octet-stream"],
      description: `${limits} The form field may also be named \`photo\`.`,
    },
    problems: uploadProblems,
    answers: { 200: { description: "The URL of the avatar.", schema: z.object({ avatarUrl: fileUrl }) } },
  }),
  removeAvatar: operation({
    id: "deleteAvatar",
    method: "delete",
    path: "/auth/me/avatar",
    summary: "Delete the avatar",
    tag,
    access: "account",
    answers: { 204: { description: "Deleted." } },
  }),
};

export const getUpload = operation({
  id: "getUpload",
  method: "get",
  path: "/{name}",
  summary: "Get an image",
  description:
    "Supports a single byte range. Several ranges, or another unit, return the whole image. " +
    "`Range` is ignored if `If-Range` is not the `ETag` of the image.",
  tag,
  params: z.strictObject({ name: z.string() }),
  // Pages may add a query to bypass caches.
  query: z.looseObject({}),
  headers: ["If-None-Match", "Range", "If-Range"],
  problems: ["range_not_satisfiable"],
  answers: {
    200: { description: "The image; it never changes.", contentType: "image/webp", headers: ["Accept-Ranges"] },
    206: {
      description: "The requested range.",
      contentType: "image/webp",
      headers: ["Accept-Ranges", "Content-Range"],
    },
    304: { description: "Not modified.", headers: ["Accept-Ranges"] },
  },
});
