// The parts of WebAssembly used here. Its types come only with the DOM library, which is not part of the compilation.
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
