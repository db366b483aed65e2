/** Whether `node:` modules are there: Node, Bun, Deno; not a browser or a worker of one. */
export function hasNode(): boolean {
  const { process } = globalThis as { process?: { readonly versions?: { readonly node?: string } } };
  return typeof process?.versions?.node === "string";
}
