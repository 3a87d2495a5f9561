import { createPrivateKey, X509Certificate } from "node:crypto";
import { z } from "zod";
import { readRegularFile } from "./regular-file.ts";

export const certificateFile = fileWith("certificate", (pem) => new X509Certificate(pem));

export const keyFile = fileWith("private key that has no passphrase", (pem) =>
  createPrivateKey({ key: pem, passphrase: "" }),
);

function fileWith(kind: string, parse: (pem: string) => unknown) {
  return z.string().superRefine((file, context) => {
    try {
      parse(readRegularFile(file));
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "";
      context.addIssue(
        code !== "" && !code.startsWith("ERR")
          ? `names a file that cannot be read (${code})`
          : `must name a PEM file with a ${kind}`,
      );
    }
  });
}

/** Platforms that keep a setting on one line write the line breaks of a PEM as \\n. */
export const privateKey = z.string().transform((value, context): string => {
  const pem = value.replaceAll("\\n", "\n");
  if (!isP256(pem)) {
    context.addIssue("must be a P-256 private key in PEM");
    return z.NEVER;
  }
  return pem;
});

function isP256(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyDetails?.namedCurve === "prime256v1";
  } catch {
    return false;
  }
}
