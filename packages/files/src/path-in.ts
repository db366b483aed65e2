/** How a message names a file: where its set is, and its name. A query of the address stays at the end. */
export function pathIn({ location }: { readonly location: string }, name: string): string {
  const [, base, query] = /^(.*?)\/*(\?…)?$/.exec(location)!;
  return `${base}/${name}${query ?? ""}`;
}
