import type { IncomingMessage } from "node:http";
import { maxImageBytes, maxUploadBytes } from "../../../config/upload-limits.ts";
import { AppError } from "../../../core/errors/app-error.ts";
import { createPerKeyLimit } from "../../../core/limits/per-key-limit.ts";
import { readHeaderValue } from "../../../http/input/header-value.ts";
import { collectBody } from "../../../http/input/request-body.ts";
import { detectImageType, hasTooManyPngChunks } from "../images/image-type.ts";
import { type Fields, fileOfForm } from "./form.ts";
import { tooLarge, unprocessableUpload } from "./upload-errors.ts";

export type UploadLimits = { maxBufferedBytes: number; maxPerUser: number };

export type UploadOptions = { userId: string; fields: Fields; mustBeForm: boolean };

/** Reads uploads into memory, with limits for all uploads together and for each user. */
export function createUploads({ maxBufferedBytes, maxPerUser }: UploadLimits) {
  const perUser = createPerKeyLimit({ maxPerKey: maxPerUser, rejectionError: tooManyUploads });
  let bufferedBytes = 0;

  return {
    /** Passes the uploaded image to `work`. Its bytes count as buffered until `work` is done. */
    async take<T>(
      request: IncomingMessage,
      { userId, fields, mustBeForm }: UploadOptions,
      work: (image: Buffer) => Promise<T>,
    ): Promise<T> {
      const contentType = readHeaderValue(request.headers["content-type"] ?? "");
      const isForm = /^multipart\/form-data\s*(?:;|$)/i.test(request.headers["content-type"] ?? "");
      if (!isForm && (mustBeForm || !isRawImage(contentType?.value ?? ""))) throw wrongType(fields[0], mustBeForm);
      if ((request.headers["content-encoding"] ?? "identity") !== "identity") throw wrongEncoding();
      const release = perUser.take(userId);
      let ownBytes = 0;
      try {
        const body = await collectBody(request, maxUploadBytes, tooLarge, (bytes) => {
          if (bufferedBytes + bytes > maxBufferedBytes) throw uploadsOverLimit();
          bufferedBytes += bytes;
          ownBytes += bytes;
        });
        request.context.signal.throwIfAborted();
        const image = isForm ? fileOfForm(contentType, body, fields) : body;
        if (image.length > maxImageBytes) throw tooLarge();
        if (image.length === 0) throw unprocessableUpload(fields[0], "must not be empty");
        if (detectImageType(image) === undefined) throw unknownImageType();
        if (hasTooManyPngChunks(image)) throw unprocessableUpload(fields[0], "has too many chunks without pixels");
        return await work(image);
      } finally {
        bufferedBytes -= ownBytes;
        release();
      }
    },
  };
}

export type Uploads = ReturnType<typeof createUploads>;

const isRawImage = (type: string): boolean => type.startsWith("image/") || type === "application/octet-stream";

const wrongType = (field: string, mustBeForm: boolean) =>
  new AppError(
    "unsupported_media_type",
    `Send the image as the field ${field} of multipart/form-data${mustBeForm ? "" : ", or as the body itself"}.`,
  );
const wrongEncoding = () => new AppError("unsupported_media_type", "Send the body without Content-Encoding.");
const unknownImageType = () =>
  new AppError("unsupported_media_type", "The file is not a JPEG, PNG, WebP or AVIF image.");
const tooManyUploads = () =>
  new AppError("rate_limited", "Too many concurrent uploads of this user. Wait until one has finished.", {
    retryAfterSeconds: 2,
  });
const uploadsOverLimit = () =>
  new AppError("overloaded", "Too many concurrent uploads. Retry in a moment.", { retryAfterSeconds: 2 });
