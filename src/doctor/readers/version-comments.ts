import { type KnownVersion, type Program, parseVersion } from "../facts/versions.ts";

const names: Readonly<Record<Program, RegExp>> = {
  nginx: /#.*\bnginx[ /-]+v?(\d+\.\d+(?:\.\d+)?)\b/i,
  haproxy: /#.*\bhaproxy[ /-]+(?:version )?v?(\d+\.\d+(?:\.\d+)?)\b/i,
  kubernetes: /#.*\b(?:kubernetes|k8s)[ /-]+v?(\d+\.\d+(?:\.\d+)?)\b/i,
  prometheus: /#.*\bprometheus[ /-]+v?(\d+\.\d+(?:\.\d+)?)\b/i,
};

/** Returns the version in the first comment that contains one, such as `# nginx 1.24`. */
export function versionInComments(source: string, file: string, program: Program): KnownVersion | undefined {
  for (const [index, line] of source.split("\n").entries()) {
    const version = parseVersion(names[program].exec(line)?.[1] ?? "");
    if (version !== undefined) return { version, at: { file, line: index + 1 } };
  }
  return undefined;
}
