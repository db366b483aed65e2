import type { LoadProgress } from "./protocol.js";

/** Fetches several files side by side and reports their bytes together. Throws an Error that names the file. */
export async function download<Name extends string>(
  urls: Readonly<Record<Name, string>>,
  onProgress: (progress: LoadProgress) => void,
): Promise<Record<Name, Uint8Array>> {
  const loaded = new Map<string, number>();
  const totals = new Map<string, number>();
  const sum = (counts: Map<string, number>) => [...counts.values()].reduce((total, count) => total + count, 0);
  const report = () => onProgress({ loadedBytes: sum(loaded), totalBytes: sum(totals) });

  const entries = Object.entries(urls) as [Name, string][];
  const files = await Promise.all(
    entries.map(async ([name, url]): Promise<[Name, Uint8Array]> => {
      const response = await fetch(url);
      if (!response.ok || response.body === null) {
        throw new Error(`${name}: the server answered ${response.status} ${response.statusText}`);
      }
      totals.set(name, Number(response.headers.get("content-length") ?? 0));
      const parts: Uint8Array<ArrayBuffer>[] = [];
      const reader = response.body.getReader();
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        parts.push(read.value);
        loaded.set(name, (loaded.get(name) ?? 0) + read.value.byteLength);
        report();
      }
      return [name, new Uint8Array(await new Blob(parts).arrayBuffer())];
    }),
  );
  return Object.fromEntries(files) as Record<Name, Uint8Array>;
}
