import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { atEnd } from "../at-end.ts";
import { eventually } from "../eventually.ts";

export type ReceivedMail = { from: string; to: readonly string[]; raw: string; headers: string; text: string };

export type MailServer = {
  url: string;
  port: number;
  received: readonly ReceivedMail[];
  /** Waits for the mail with this number (the first by default) to an address. */
  mailTo(address: string, number?: number): Promise<ReceivedMail>;
  /** Makes the server refuse all recipients with this SMTP status. `undefined` ends the refusals. */
  refuseWith(status: number | undefined): void;
  /** Makes the server wait for `resume` before it accepts a recipient. */
  pause(): void;
  resume(): void;
  /** Closes the server and its connections. */
  stop(): Promise<void>;
};

/** Starts a real SMTP server that keeps what it receives. */
export async function startMailServer(options: SMTPServerOptions & { port?: number } = {}): Promise<MailServer> {
  const received: ReceivedMail[] = [];
  let refusal: number | undefined;
  let paused: PromiseWithResolvers<void> | undefined;
  const { port: requestedPort = 0, ...serverOptions } = options;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: serverOptions.secure === true || serverOptions.key !== undefined ? [] : ["STARTTLS"],
    disableReverseLookup: true,
    logger: false,
    closeTimeout: 100,
    onAuth: (auth, _session, done) => done(null, { user: auth.username }),
    async onRcptTo(_address, _session, done) {
      await paused?.promise;
      if (refusal === undefined) done();
      else done(Object.assign(new Error("refused by the test"), { responseCode: refusal }));
    },
    onData(stream, session, done) {
      buffer(stream).then((bytes) => {
        const raw = bytes.toString();
        const end = raw.indexOf("\r\n\r\n");
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom === false ? "" : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          raw,
          headers: raw.slice(0, end),
          text: textPart(raw),
        });
        done();
      }, done);
    },
    ...serverOptions,
  });
  server.on("error", () => undefined);
  const listener = server.listen(requestedPort, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const stop = () => new Promise<void>((resolve) => server.close(() => resolve()));
  atEnd(stop);
  return {
    url: `${serverOptions.secure === true ? "smtps" : "smtp"}://127.0.0.1:${port}`,
    port,
    received,
    refuseWith(status) {
      refusal = status;
    },
    pause() {
      paused ??= Promise.withResolvers();
    },
    resume() {
      paused?.resolve();
      paused = undefined;
    },
    async mailTo(address, number = 1) {
      const found = await eventually(
        () => received.filter(({ to }) => to.includes(address))[number - 1],
        (mail) => mail !== undefined,
        20_000,
      );
      if (found === undefined) throw new Error(`no mail to ${address}`);
      return found;
    },
    stop,
  };
}

/** Returns the decoded text/plain part. */
function textPart(raw: string): string {
  const boundary = /^content-type: multipart\/\S+ boundary="?([^"\s]+)/im.exec(raw)?.[1];
  const parts = boundary === undefined ? [raw] : raw.split(`--${boundary}`);
  const part = parts.find((one) => /^content-type: text\/plain/im.test(one)) ?? raw;
  const end = part.indexOf("\r\n\r\n");
  const headers = part.slice(0, end).toLowerCase();
  const body = part.slice(end + 4);
  if (headers.includes("base64")) return Buffer.from(body, "base64").toString();
  if (!headers.includes("quoted-printable")) return body;
  const unfolded = body.replaceAll(/=\r?\n/g, "");
  return Buffer.from(
    unfolded.replaceAll(/=([0-9A-F]{2})/g, (_match, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  ).toString();
}

export const linkIn = ({ text }: ReceivedMail): URL => {
  const link = text.match(/https?:\/\/\S+[?&]token=\S+/)?.[0];
  if (link === undefined) throw new Error(`no link in: ${text}`);
  return new URL(link);
};

export const tokenIn = (mail: ReceivedMail): string => linkIn(mail).searchParams.get("token") ?? "";
