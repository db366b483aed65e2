import { FilesError } from "./errors.js";
import { HttpClient } from "./http.js";
import { type RemoteVersion, remoteFileSet } from "./remote.js";
import { sha256Text } from "./sha256.js";
import type { FileStore } from "./store.js";
import { cleanToken } from "./token.js";
import type { FileSet, OpenFilesOptions } from "./types.js";

/** Endings of single files, which people give in place of the folder. */
const SINGLE_FILE = /\.(safetensors|bin|json|txt|h5|onnx|msgpack|pt|pth)$/i;

/** The files under an http(s) address. Cached copies are confirmed by the server's validators (ETag, Last-Modified). */
export function urlFileSet(address: URL, store: FileStore, offline: boolean, options: OpenFilesOptions): FileSet {
  const base = new URL(address);
  base.hash = "";
  const { search } = base;
  base.search = "";
  // A query may sign the address, so that it must stay untold.
  const location = base.username || base.password ? base.host : base.href + (search && "?…");
  if (base.username || base.password) {
    throw new FilesError("invalid-source", `${location}: give credentials by \`token\`, not inside the address`, {
      location,
    });
  }
  if (SINGLE_FILE.test(base.pathname)) {
    throw new FilesError("invalid-source", `${location} is one file; give the address of the folder it is in`, {
      location,
    });
  }
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  // Each part has its own place, so that no two addresses can meet in one folder.
  const query = search === "" ? "-" : sha256Text(search).slice(0, 32);
  const prefix = `url/${base.protocol.slice(0, -1)}/${base.host}/${query}/${encodeURIComponent(base.pathname)}`;
  const version: RemoteVersion = {
    immutable: false,
    prefix,
    urlOf: (name) => base.href + name.split("/").map(encodeURIComponent).join("/") + search,
    keyOf: (name) => `${prefix}/${name}`,
  };
  return remoteFileSet({
    location,
    client: new HttpClient(options, base.origin, cleanToken(options.token, location)),
    store,
    offline,
    options,
    version: async () => version,
  });
}
