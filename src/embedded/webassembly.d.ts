// What is used of WebAssembly: its types come with the DOM library only, which this server does without.
declare namespace WebAssembly {
  type Memory = { readonly buffer: ArrayBuffer };
  type Instance = { readonly exports: Record<string, unknown> };
  class Tag {
    constructor(type: { parameters: string[] });
  }
  function instantiate(
    source: Uint8Array,
    imports: Record<string, Record<string, unknown>>,
  ): Promise<{ instance: Instance }>;
}
