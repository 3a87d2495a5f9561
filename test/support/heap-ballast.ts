// Loaded into a server with --import: live objects that fill most of its heap, like many streams and requests.

const megabytes = Number(process.env["TEST_HEAP_BALLAST_MB"] ?? 0);

Object.assign(globalThis, {
  ballast: Array.from({ length: megabytes }, () => Array.from({ length: 131_072 }, (_, index) => index + 0.5)),
});
