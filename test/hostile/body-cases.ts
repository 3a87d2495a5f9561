import { type Encoding, encodings, hostileForms, hostileImages, hostileJson } from "./bodies.ts";
import { type Case, describeCase, type HostileRequest, stringEntries, type Target, validRequestOf } from "./case.ts";

const encodingNames = Object.keys(encodings) as Encoding[];

export function bodyCases(target: Target): Case[][] {
  const types = Object.keys(target.operation.described.requestBody?.content ?? {});
  const uploads = types.filter((type) => type !== "application/json");
  if (uploads.length > 0) return target.inputs.formFields.flatMap((field) => uploadCases(target, uploads, field));
  return [jsonCases(target), ...target.inputs.bodyFields.map((path) => fieldCases(target, path))];
}

const bodySizes = [14_000, 300_000, 990_000, 1_500_000];

/** Creates requests with bodies that do not match the operation, also for operations without a body. */
function jsonCases(target: Target): Case[] {
  const base = validRequestOf(target);
  return [
    ...bodySizes.flatMap((size) =>
      Object.entries(hostileJson).flatMap(([kind, make]) =>
        encodingNames.map(
          (encoding) => () =>
            withJson(base, describeCase(target, `body, ${encoding}`, kind, size), make(size), encoding),
        ),
      ),
    ),
    () =>
      withJson(base, describeCase(target, "body, identity", "spaces", 20_000_000), " ".repeat(20_000_000), "identity"),
    ...(["gzip", "deflate", "br"] as const).map(
      (encoding) => () =>
        withJson(
          base,
          describeCase(target, `body, ${encoding}`, "spaces", 50_000_000),
          " ".repeat(50_000_000),
          encoding,
        ),
    ),
    () => {
      const label = describeCase(target, "body", "announced and never sent", 20_000_000);
      return { ...base, label, headers: { ...base.headers, "Content-Length": "20000000", Expect: "100-continue" } };
    },
  ];
}

/** Returns the example body of the document with one value replaced, or added where the example does not have it. */
function fieldCases(target: Target, path: readonly string[]): Case[] {
  const base = validRequestOf(target);
  const example = target.operation.described.requestBody?.content["application/json"]?.example ?? {};
  return [200, 5000, ...bodySizes].flatMap((size) => [
    ...stringEntries.flatMap(([kind, make]) =>
      encodingNames.map((encoding) => () => {
        const label = describeCase(target, `body.${path.join(".")}, ${encoding}`, kind, size);
        return withJson(base, label, JSON.stringify(withReplacement(example, path, make(size))), encoding);
      }),
    ),
    ...Object.entries(hostileJson).map(([kind, make]) => () => {
      const label = describeCase(target, `body.${path.join(".")}`, kind, size);
      const text = JSON.stringify(withReplacement(example, path, "<here>"));
      return withJson(
        base,
        label,
        text.replace('"<here>"', () => make(size)),
        "gzip",
      );
    }),
  ]);
}

function uploadCases(target: Target, types: readonly string[], field: string): Case[][] {
  const base = validRequestOf(target);
  const forms = [1000, 100_000, 4_900_000].flatMap((size) =>
    Object.entries(hostileForms).map(([kind, make]) => () => {
      const { contentType, body } = make(size, field);
      return {
        ...base,
        label: describeCase(target, "form", kind, size),
        headers: { ...base.headers, "content-type": contentType },
        body,
      };
    }),
  );
  const images = [1000, 100_000, 4_900_000, 8_000_000].flatMap((size) =>
    Object.entries(hostileImages).flatMap(([kind, make]) =>
      types.map((type) => () => {
        const { contentType, body } =
          type === "multipart/form-data" ? asForm(field, make(size)) : { contentType: type, body: make(size) };
        return {
          ...base,
          label: describeCase(target, `image as ${type}`, kind, size),
          headers: { ...base.headers, "content-type": contentType },
          body,
        };
      }),
    ),
  );
  return [forms, images];
}

function asForm(field: string, bytes: Buffer) {
  const head = `--form\r\nContent-Disposition: form-data; name="${field}"; filename="a.jpg"\r\n\r\n`;
  const body = Buffer.concat([Buffer.from(head), bytes, Buffer.from("\r\n--form--\r\n")]);
  return { contentType: "multipart/form-data; boundary=form", body };
}

export function withJson(
  base: Omit<HostileRequest, "label">,
  label: string,
  text: string,
  encoding: Encoding,
): HostileRequest {
  const headers = { ...base.headers, "content-type": "application/json" };
  const body = encodings[encoding](Buffer.from(text));
  return {
    ...base,
    label,
    headers: encoding === "identity" ? headers : { ...headers, "content-encoding": encoding },
    body,
  };
}

export function withReplacement(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  return {
    ...(value as object | undefined),
    [key]: withReplacement((value as Record<string, unknown> | undefined)?.[key], rest, by),
  };
}
