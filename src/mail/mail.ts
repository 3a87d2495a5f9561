/** A mail to one address, in plain text. There is no HTML part, so that no value in the text can become markup. */
export type Mail = {
  /** The id of the job that sends the mail. A repeated delivery has the same Message-ID, so that receivers can detect it. */
  id: string;
  to: string;
  subject: string;
  text: string;
};

/** A mail that was stored at the time `at` instead of being delivered, because no mail server is configured. */
export type KeptMail = Mail & { at: Date };

/**
 * Delivers a mail, or throws. A `DeliveryError` states whether a retry can succeed. An abort of the signal ends the
 * delivery.
 */
export type Deliver = (mail: Mail, signal: AbortSignal) => Promise<void>;

/** The mail server has not accepted a mail. The message never contains an address or a text of the server. */
export class DeliveryError extends Error {
  override readonly name = "DeliveryError";
  readonly code: string;
  /** Whether the server has rejected the mail permanently, for example because the recipient is unknown. */
  readonly isPermanent: boolean;

  constructor(code: string, { isPermanent, cause }: { isPermanent: boolean; cause?: unknown }) {
    super(`The mail server did not accept the mail (${code}).`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.isPermanent = isPermanent;
  }
}
