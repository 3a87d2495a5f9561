import { getSystemErrorName } from "node:util";
import { CheckFailed, type Reason } from "../../core/errors/failure-reason.ts";
import { DeliveryError, type Mail } from "../mail.ts";
import { call, type SmtpServer, type SmtpSession, SmtpTimeout, withSmtp } from "./open-smtp.ts";

export type SmtpDeliveryDeps = {
  server: SmtpServer;
  /** The sender, as an address with or without a name. */
  from: string;
  onCertificate(expiresAt: number | undefined): void;
};

/** Delivers mails through an SMTP server, and checks that the server accepts connections and the sign-in. */
export function createSmtpDelivery({ server, from, onCertificate }: SmtpDeliveryDeps) {
  const sender = addressIn(from);
  const domain = sender.slice(sender.lastIndexOf("@") + 1);

  /** Calls `onServerState` with the reason why the mail server cannot be used, or with undefined if it works. */
  const deliver = async (
    { id, to, subject, text }: Mail,
    signal: AbortSignal,
    onServerState: (failure: unknown) => void,
  ): Promise<void> => {
    const { default: MailComposer } = await import("nodemailer/lib/mail-composer");
    const composer = new MailComposer({
      from,
      to: { name: "", address: to },
      subject,
      text,
      messageId: `<${id}@${domain}>`,
      headers: { "Auto-Submitted": "auto-generated" },
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    const message = await composer.compile().build();
    const send = async ({ connection, certificateExpiry }: SmtpSession): Promise<void> => {
      onCertificate(certificateExpiry);
      await call((done) => connection.send({ from: sender, to: [to], size: message.length }, message, done));
    };
    await withSmtp(server, send, signal).catch((error: unknown) => {
      const failure = toDeliveryError(error);
      onServerState(failure.isPermanent ? undefined : toCheckError(error));
      throw failure;
    });
    onServerState(undefined);
  };

  return {
    deliver,
    /** Connects and signs in, without a mail. */
    async check(signal: AbortSignal): Promise<void> {
      const connect = withSmtp(server, async ({ certificateExpiry }) => onCertificate(certificateExpiry), signal);
      await connect.catch((error: unknown) => {
        throw toCheckError(error);
      });
    },
  };
}

/** Returns the address of `Name <address>`. */
export const addressIn = (from: string): string => /<([^<>]+)>\s*$/.exec(from)?.[1] ?? from.trim();

/** Only a rejected mail is permanent. A rejected sign-in may succeed after the settings are corrected. */
function toDeliveryError(error: unknown): DeliveryError {
  const { code, status } = codesOf(error);
  const isAboutMail = code === "EENVELOPE" || code === "EMESSAGE";
  return new DeliveryError(status === undefined ? code : `${code} ${status}`, {
    isPermanent: isAboutMail && status !== undefined && status >= 500,
  });
}

const reasonsByCode: Readonly<Record<string, Reason>> = {
  EAUTH: "credentials",
  ENOAUTH: "credentials",
  ETLS: "tls",
  ETIMEDOUT: "timeout",
  EDNS: "unreachable",
  ECONNREFUSED: "refused",
  ECONNRESET: "reset",
  ECONNECTION: "reset",
};

function toCheckError(error: unknown): CheckFailed {
  const { code } = codesOf(error);
  const isTls = error instanceof Error && /certificate|\b(?:SSL|TLS)\b/i.test(error.message);
  return new CheckFailed(reasonsByCode[code] ?? (isTls ? "tls" : "failed"), { cause: error });
}

/** nodemailer replaces the `code` of a socket error with a code of its own, but keeps its `errno`. */
function codesOf(error: unknown): { code: string; status: number | undefined } {
  if (error instanceof SmtpTimeout) return { code: "ETIMEDOUT", status: undefined };
  if (!(error instanceof Error)) return { code: "unknown", status: undefined };
  const status = "responseCode" in error && error.responseCode ? Number(error.responseCode) : undefined;
  if ("errno" in error && typeof error.errno === "number") return { code: getSystemErrorName(error.errno), status };
  return { code: "code" in error ? String(error.code) : error.name, status };
}
