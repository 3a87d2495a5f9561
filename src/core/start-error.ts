/** An error that the person who started the server can mend; its message is all they need to see. */
export class StartError extends Error {
  override readonly name = "StartError";
}
