import type { GivenSettings } from "../files/secret-files.ts";
import type { Variables } from "../variables.ts";

/** Reads the settings of account mail. Returns undefined outside development if `MAIL_URL` is unset: no mail is sent. */
export function mailSettings(v: Variables, files: GivenSettings["files"]) {
  if (v.MAIL_URL === undefined && v.NODE_ENV !== "development") return undefined;
  return {
    from: v.MAIL_FROM ?? "Haven <haven@localhost>",
    publicUrl: (v.PUBLIC_URL ?? `http://localhost:${v.PORT}`).replace(/\/+$/, ""),
    /** Undefined in development without `MAIL_URL`: mails are kept for the page `/dev/mail`. */
    server:
      v.MAIL_URL === undefined
        ? undefined
        : { url: v.MAIL_URL, urlFile: files.MAIL_URL, caFile: v.MAIL_CA_FILE, timeoutMs: v.MAIL_TIMEOUT_MS },
  };
}
