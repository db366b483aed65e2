import { FilesError } from "./errors.js";
import { HttpClient } from "./http.js";
import { type RemoteVersion, remoteFileSet } from "./remote.js";
import type { FileStore } from "./store.js";
import type { FileSet, OpenFilesOptions } from "./types.js";

/** Endings of single files, which people give in place of the folder. */
const SINGLE_FILE = /\.(safetensors|bin|json|txt|h5|onnx|msgpack|pt|pth)$/i;

/** The files under an http(s) address. Cached copies are confirmed by the server's validators (ETag, Last-Modified). */
export function urlFileSet(address: URL, store: FileStore, offline: boolean, options: OpenFilesOptions): FileSet {
  const base = new URL(address);
  base.hash = "";
  const location = base.href;
  if (SINGLE_FILE.test(base.pathname)) {
    throw new FilesError("invalid-source", `${location} is one file; give the address of the folder it is in`, {
      location,
    });
  }
  if (base.username || base.password) {
    throw new FilesError("invalid-source", `${base.host}: give credentials by \`token\`, not inside the address`, {
      location: base.host,
    });
  }
  const { search } = base;
  base.search = "";
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  const prefix = `url/${base.href.replace("://", "/").replace(/\/$/, "")}${search && `/${encodeURIComponent(search)}`}`;
  const version: RemoteVersion = {
    immutable: false,
    prefix,
    urlOf: (name) => base.href + name.split("/").map(encodeURIComponent).join("/") + search,
    keyOf: (name) => `${prefix}/${name}`,
  };
  return remoteFileSet({
    location,
    client: new HttpClient(options, base.origin, options.token),
    store,
    offline,
    options,
    version: async () => version,
  });
}
