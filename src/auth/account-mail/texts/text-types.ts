/** A link with a token, and how long it works. */
export type LinkValues = { link: string; hours: number };

type Content = { subject: string; text: string };

/**
 * All texts of account mails. A further language needs a file beside `english.ts` and an entry in `languages` of
 * `texts.ts`. No text contains a value that a user chose, such as a name. Otherwise a stranger could send any words to
 * any address.
 */
export type Texts = {
  "verify-address": (values: LinkValues) => Content;
  "address-taken": () => Content;
  "address-change-requested": () => Content;
  "address-changed": () => Content;
  "reset-password": (values: LinkValues) => Content;
  "password-changed": () => Content;
  invitation: (values: LinkValues) => Content;
};
