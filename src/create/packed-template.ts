import { gunzipSync, gzipSync } from "node:zlib";
import type { Template } from "./project.ts";

type Packed = {
  files: { path: string; content: string; executable: boolean }[];
  vendored: Template["vendored"];
  withoutPart: { part: Template["withoutPart"][number]["part"]; file: string; lines: string }[];
};

/** Packs the template into one file, because npm leaves files such as `.gitignore` and `.npmrc` out of packages. */
export function packTemplate({ files, vendored, withoutPart }: Template): Buffer {
  const packed: Packed = {
    files: [...files].map(([path, { content, executable }]) => ({
      path,
      content: content.toString("base64"),
      executable,
    })),
    vendored,
    withoutPart: withoutPart.map(({ lines, ...rest }) => ({ ...rest, lines: lines.source })),
  };
  return gzipSync(JSON.stringify(packed), { level: 9 });
}

export function unpackTemplate(bytes: Buffer): Template {
  const { files, vendored, withoutPart } = JSON.parse(gunzipSync(bytes).toString()) as Packed;
  return {
    files: new Map(
      files.map(({ path, content, executable }) => [path, { content: Buffer.from(content, "base64"), executable }]),
    ),
    vendored,
    withoutPart: withoutPart.map(({ lines, ...rest }) => ({ ...rest, lines: new RegExp(lines) })),
  };
}
