/** A mail to one address, in plain text. There is no HTML part, so that no value in the text can become markup. */
export type Mail = {
  /** The id of the job that sends the mail. A repeated delivery has the same Message-ID, so that receivers can detect it. */
  id: string;
  to: string;
  subject: string;
  text: string;
};

/** A mail that was kept instead of being delivered, because no mail server is set, with the time. */
export type KeptMail = Mail & { at: Date };

/** Delivers a mail, or throws. A `DeliveryError` states whether a retry can succeed. The signal ends the delivery. */
export type Deliver = (mail: Mail, signal: AbortSignal) => Promise<void>;

/** The mail server has not accepted a mail. The message never contains an address or a text of the server. */
export class DeliveryError extends Error {
  override readonly name = "DeliveryError";
  readonly code: string;
  /** The server has rejected the mail permanently, such as for an unknown recipient. */
  readonly permanent: boolean;

  constructor(code: string, { permanent, cause }: { permanent: boolean; cause?: unknown }) {
    super(`The mail server did not accept the mail (${code}).`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.permanent = permanent;
  }
}
