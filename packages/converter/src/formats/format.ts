import type { FileSet } from "@convbert/files";
import type { NamedTensor, ReadOptions, WeightsReader } from "../types.js";

/**
 * One way to keep weights in files: what it takes to recognise it in a folder, and the way to its code. Descriptions are
 * small and always there; the code is loaded when a folder has the format, or somebody writes it, so that nobody
 * downloads what he does not use. A format is a folder beside this file and a line in `registry.ts`.
 */
export interface WeightFormat {
  /** What `openWeights`, `weightFiles` and `convbert convert --to` call it, and a reader's `format`: "safetensors". */
  readonly name: string;
  /** What people call it: "PyTorch". */
  readonly title: string;
  /**
   * Names that its weights have in a folder, most preferred first; they go into the message about a folder without any.
   * A pattern where they can have many, "*.ckpt.index".
   */
  fileNames(variant?: string): readonly string[];
  /**
   * The file to open among those of a folder; undefined where there is none. Only names are looked at, except by a format
   * that `claims` files of another.
   */
  find(files: FileSet, options: { readonly variant?: string }): Promise<string | undefined>;
  /** Whether a file of that name belongs to weights of this format: the file itself, a shard, an index. */
  owns(name: string): boolean;
  /**
   * Whether weights that another format has opened are this one's all the same, by their metadata: TensorFlow's names
   * in a safetensors file. Their reader goes through {@link FormatCode.adopt}.
   */
  claims?(reader: WeightsReader): boolean;
  /** Whether its authors keep no `config.json` beside it, so that the reader's `config` derives one. */
  readonly hasNoConfig?: boolean;
  /** Whether its files can have a generator beside the encoder, which {@link OpenFormatOptions.generator} takes. */
  readonly hasGenerator?: boolean;
  /** Whether its code can write. */
  readonly writes: boolean;
  /** Loads the code with a dynamic import. */
  load(): Promise<FormatCode>;
}

/** The code of a format. */
export interface FormatCode {
  /**
   * Opens the file that `find` has found, with the others that belong to it. Whatever the file calls its tensors, and
   * however it lays their axes out, the reader gives PyTorch's names and shapes (`renamedReader`); what has no
   * counterpart there keeps its own name.
   * @throws WeightsError when the file is damaged, hostile or of a kind that is not read.
   */
  open(files: FileSet, name: string, options: OpenFormatOptions): Promise<WeightsReader>;
  /**
   * The files that hold the tensors, by name: pieces of bytes, each to be taken once, or text. Tensors come under
   * PyTorch's names (`renamedTensors` brings them to others). Absent where the format is only read.
   * @throws WeightsError "mismatch" for what cannot be written, "unsupported" for what the format has no place for.
   */
  write?(tensors: Iterable<NamedTensor>, options: WriteFormatOptions): ReadonlyMap<string, WrittenContents>;
  /** See {@link WeightFormat.claims}. The reader that is given is closed by the one that is returned. */
  adopt?(reader: WeightsReader): WeightsReader;
}

/** What every format's reader is told. */
export interface OpenFormatOptions extends ReadOptions {
  /** Takes the generator that a checkpoint has beside the encoder, as a masked language model. */
  readonly generator?: boolean;
}

/** Contents of a file that is written: pieces of bytes, or text. */
export type WrittenContents = AsyncIterable<Uint8Array> | string;

/** What every format's writer is told. */
export interface WriteFormatOptions {
  /** Largest file in bytes, where the format can be split. */
  readonly maxShardSize: number;
  /** Text to be kept beside the tensors, where the format can. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}
