import type { IncomingMessage } from "node:http";
import { AppError } from "../../core/app-error.ts";
import { createPerKeyLimit } from "../../core/per-key-limit.ts";
import { readHeaderValue } from "../../http/header-value.ts";
import { collectBody } from "../../http/request-body.ts";
import { type Fields, fileOfForm } from "./form.ts";
import { detectImageType } from "./image-type.ts";
import { hasTooManyPngChunks } from "./png-chunks.ts";
import { maxFileBytes, tooLarge, unprocessableUpload } from "./upload-errors.ts";

/** The file and what a form needs around it; proxies let as much through. */
const maxBodyBytes = 5 * 1024 * 1024;

export type UploadLimits = { maxBufferedBytes: number; maxPerUser: number };

export type UploadOptions = { userId: string; fields: Fields; formOnly: boolean };

/** Reads uploads into memory, and never more of all of them together, or of one user, than is allowed. */
export function createUploads({ maxBufferedBytes, maxPerUser }: UploadLimits) {
  const shares = createPerKeyLimit({ maxPerKey: maxPerUser, onRejected: tooManyOfOneUser });
  let held = 0;

  return {
    /** The image that a request brings; its bytes count as held until the work with them is done. */
    async take<T>(
      request: IncomingMessage,
      { userId, fields, formOnly }: UploadOptions,
      work: (image: Buffer) => Promise<T>,
    ): Promise<T> {
      const contentType = readHeaderValue(request.headers["content-type"] ?? "");
      const isForm = /^multipart\/form-data\s*(?:;|$)/i.test(request.headers["content-type"] ?? "");
      if (!isForm && (formOnly || !isRawImage(contentType?.value ?? ""))) throw wrongType(fields[0], formOnly);
      if ((request.headers["content-encoding"] ?? "identity") !== "identity") throw wrongEncoding();
      const giveBack = shares.take(userId);
      let mine = 0;
      try {
        const body = await collectBody(request, maxBodyBytes, tooLarge, (bytes) => {
          if (held + bytes > maxBufferedBytes) throw tooMuchAtOnce();
          held += bytes;
          mine += bytes;
        });
        request.context.signal.throwIfAborted();
        const image = isForm ? fileOfForm(contentType, body, fields) : body;
        if (image.length > maxFileBytes) throw tooLarge();
        if (image.length === 0) throw unprocessableUpload(fields[0], "must not be empty");
        if (detectImageType(image) === undefined) throw wrongKind();
        if (hasTooManyPngChunks(image)) throw unprocessableUpload(fields[0], "has too many chunks beside its pixels");
        return await work(image);
      } finally {
        held -= mine;
        giveBack();
      }
    },
  };
}

export type Uploads = ReturnType<typeof createUploads>;

const isRawImage = (type: string): boolean => type.startsWith("image/") || type === "application/octet-stream";

const wrongType = (field: string, formOnly: boolean) =>
  new AppError(
    "unsupported_media_type",
    `Send the image as the field ${field} of multipart/form-data${formOnly ? "" : ", or as the body itself"}.`,
  );
const wrongEncoding = () => new AppError("unsupported_media_type", "Send the body without a content encoding.");
const wrongKind = () => new AppError("unsupported_media_type", "The file is neither a JPEG, PNG, WebP nor AVIF image.");
const tooManyOfOneUser = () =>
  new AppError("rate_limited", "You are uploading too much at once; wait for the others.", { retryAfterSeconds: 2 });
const tooMuchAtOnce = () => new AppError("overloaded", "Too much is being uploaded at once.", { retryAfterSeconds: 2 });
