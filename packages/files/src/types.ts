/** A file that can be read at any offset. Reads may run at the same time. */
export interface RandomAccessFile {
  /** Name inside its {@link FileSet}, for messages. */
  readonly name: string;
  /** Length in bytes. */
  readonly size: number;
  /** The whole contents, where they are in memory already; lets a reader hand out views instead of copies. */
  readonly bytes?: Uint8Array;
  /**
   * Fills `target` with the bytes that start at `offset`.
   * @throws FilesError with code "truncated" when the file has fewer bytes than asked for.
   */
  read(offset: number, target: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** How a file is read whole. */
export interface WholeFileOptions {
  /** Refuses a longer file, before more of it is downloaded or read. By default 64 MiB for text, 1 GiB for bytes. */
  readonly maxBytes?: number;
}

/** The files of one model, wherever they live. Names are relative, with "/" between folders. */
export interface FileSet {
  /** Where the files are, for messages: a path, a URL, `hub id@revision`, or "memory". */
  readonly location: string;
  has(name: string): Promise<boolean>;
  /** Names of all files, sorted, where they can be listed (a plain URL cannot). */
  list?(): Promise<string[]>;
  /** @throws FilesError with code "not-found" when the file is absent. */
  open(name: string): Promise<RandomAccessFile>;
  /**
   * The contents decoded as UTF-8, a leading byte order mark removed.
   * @throws FilesError "not-found", "too-large", or "lfs-pointer" where Git LFS has not fetched the file.
   */
  readText(name: string, options?: WholeFileOptions): Promise<string>;
  /** @throws FilesError as `readText` does. */
  readBytes(name: string, options?: WholeFileOptions): Promise<Uint8Array>;
  /** Releases what the set holds open. Files opened from it stay usable until they are closed. */
  close(): Promise<void>;
}

/**
 * Where a model is: a folder, an http(s) or file URL of a folder, a hub id ("YituTech/conv-bert-base", with an
 * optional "@revision"), files or a folder that a person chose in a browser, or contents in memory by name.
 */
export type ModelSource =
  | string
  | URL
  | FileSet
  | Iterable<File>
  | FileSystemDirectoryHandle
  | Readonly<Record<string, Blob | ArrayBuffer | Uint8Array | string>>;

/** What a download, a look into the cache, or a save is doing. */
export interface Progress {
  /** Name of the file inside the set. */
  readonly file: string;
  /** "download" or "write" while bytes move, "done" once when the file is complete, "cached" when none had to be fetched. */
  readonly status: "download" | "write" | "done" | "cached";
  /** Bytes there so far, those of an earlier interrupted download included. */
  readonly loaded: number;
  /** Length in bytes, where the server tells. */
  readonly total: number | undefined;
}

export interface OpenFilesOptions {
  /** Branch, tag or commit of a hub repository; "main" when absent. A full commit hash needs no look-up once cached. */
  readonly revision?: string;
  /** Folder of the download cache; by default `$CONVBERT_CACHE`, else `convbert` in the user's cache folder. */
  readonly cacheDirectory?: string;
  /**
   * Never touch the network: answer from the cache or fail with code "offline". `$CONVBERT_OFFLINE=1`,
   * `$HF_HUB_OFFLINE=1` and `$TRANSFORMERS_OFFLINE=1` set it too.
   */
  readonly offline?: boolean;
  /** Stops downloads; what has arrived stays for the next attempt to resume. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** How often a broken or refused connection is tried again without having got farther; 4 by default. */
  readonly retries?: number;
  /** Milliseconds before the first repetition, doubled each time; 500 by default. */
  readonly retryDelay?: number;
  /** Milliseconds that a server may be silent; 30,000 by default. */
  readonly timeout?: number;
  /** Bytes that any file may have; a longer one is refused. 64 GiB by default. */
  readonly maxFileSize?: number;
  /** Replaces the global `fetch`, for a proxy or a test. */
  readonly fetch?: typeof fetch;
  /** Address of the hub; by default `$HF_ENDPOINT`, else https://huggingface.co. */
  readonly endpoint?: string;
  /**
   * Access token, sent to the given source's own origin only; "" for none. For a hub id the default is where
   * Python looks: `$HF_TOKEN`, then the file that `hf auth login` writes (`$HF_TOKEN_PATH`, else `token` in `$HF_HOME`).
   */
  readonly token?: string;
}
