#!/usr/bin/env node
// Imports nothing itself: older versions of Node cannot load the other modules, and would print only a stack.

const minNodeMajor = 24;

if (Number.parseInt(process.versions.node, 10) < minNodeMajor) {
  process.stderr.write(
    `Haven needs Node ${minNodeMajor} or newer; this is ${process.versions.node}. npm scripts, such as npm start, use the version that npm ci installs.\n`,
  );
  process.exit(1);
}
await import("./command-line.ts");
