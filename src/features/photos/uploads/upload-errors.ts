import { maxImageText } from "../../../config/upload-limits.ts";
import { AppError } from "../../../core/errors/app-error.ts";

export const unprocessableUpload = (field: string, message: string, cause?: unknown): AppError =>
  new AppError("unprocessable", `${field}: ${message}`, { errors: [{ path: field, message }], cause });

export const unknownField = (name: string): AppError => {
  const message = "is not a known field";
  return new AppError("validation_failed", `${name.slice(0, 100)}: ${message}`, { errors: [{ path: name, message }] });
};

export const tooLarge = (): AppError => new AppError("payload_too_large", `An image may have at most ${maxImageText}.`);
