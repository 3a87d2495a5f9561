import Negotiator from "negotiator";

/** The form that the caller likes best, of those that there are. */
export function preferred<Forms extends Readonly<Record<string, string>>>(
  accept: string,
  offered: Forms,
): Forms[keyof Forms] | undefined {
  // Versions and the like ask for nothing that there is a choice of.
  const plain = accept.replaceAll(/;\s*(?!q=)[\w-]+=[^;,]*/gi, "") || "*/*";
  const wanted = new Negotiator({ headers: { accept: plain } }).mediaType(Object.keys(offered));
  return wanted === undefined ? undefined : offered[wanted as keyof Forms];
}
