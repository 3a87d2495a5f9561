import { z } from "zod";
import { maxImageText } from "../../config/upload-limits.ts";
import { operation } from "../../http/operation.ts";

export const fileUrl = z.string().meta({ example: "/uploads/5f2b7c1e9a4d4f0c8b3e6d7a1c2f9e08.webp" });

const tag = "Photos";
export const limits = `JPEG, PNG, WebP or AVIF, detected by content; at most ${maxImageText} and 40 megapixels (AVIF: 16).`;
export const fileTypes = ["image/jpeg", "image/png", "image/webp", "image/avif"];
export const uploadProblems = [
  "payload_too_large",
  "unsupported_media_type",
  "unprocessable",
  "rate_limited",
  "overloaded",
] as const;

export const avatarOperations = {
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
  params: z.strictObject({
    name: z.string().meta({ description: "The file name, as in the URLs of photos and avatars" }),
  }),
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
