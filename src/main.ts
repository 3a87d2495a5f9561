#!/usr/bin/env node
// This file has no static imports: an older Node would fail to load the other modules and print only a stack trace.

const minNodeMajor = 24;

if (Number.parseInt(process.versions.node, 10) < minNodeMajor) {
  process.stderr.write(
    `Haven needs Node ${minNodeMajor} or newer; this is ${process.versions.node}. npm scripts, such as npm start, use the version that npm ci installs.\n`,
  );
  process.exit(1);
}
await import("./command-line.ts");
