// npm scripts load this file before main.ts. A Node that cannot run TypeScript would otherwise print only a stack
// trace.

const { engines } = require("../package.json");

const minNodeMajor = Number.parseInt(engines.node.replace(/\D+/, ""), 10);

if (Number.parseInt(process.versions.node, 10) < minNodeMajor) {
  process.stderr.write(
    `Haven needs Node ${minNodeMajor} or newer; this is ${process.versions.node}. Install a newer Node, or run npm ci without --omit=dev: npm scripts then use the Node that npm ci installs.\n`,
  );
  process.exit(1);
}
