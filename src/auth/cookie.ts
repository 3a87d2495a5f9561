import type { IncomingMessage } from "node:http";

export type CookieSettings = { name: string; secure: boolean };

export function createSessionCookie({ name, secure }: CookieSettings) {
  const attributes = `Path=/; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`;
  return {
    /** Returns the values of all cookies with the name of the session cookie, in the order of the header. */
    read({ headers }: Pick<IncomingMessage, "headers">): string[] {
      const pairs = headers.cookie?.split(";").map((pair) => pair.trim()) ?? [];
      return pairs.filter((pair) => pair.startsWith(`${name}=`)).map((pair) => pair.slice(name.length + 1));
    },
    set: (value: string, maxAgeSeconds: number): string => `${name}=${value}; Max-Age=${maxAgeSeconds}; ${attributes}`,
    clear: (): string => `${name}=; Max-Age=0; ${attributes}`,
  };
}

export type SessionCookie = ReturnType<typeof createSessionCookie>;
