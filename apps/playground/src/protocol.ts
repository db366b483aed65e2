/** What the page and its worker say to each other. */

/** One token of the sentence as the model sees it. */
export interface TokenView {
  readonly text: string;
  readonly id: number;
  readonly special: boolean;
}

export interface LabelScore {
  readonly label: string;
  readonly score: number;
}

/** A phrase of the sentence; `start` and `end` index its UTF-16 string. */
export interface Chunk {
  readonly kind: string;
  readonly score: number;
  readonly start: number;
  readonly end: number;
}

export interface Analysis {
  readonly text: string;
  readonly tokens: readonly TokenView[];
  readonly classes: readonly LabelScore[];
  readonly chunks: readonly Chunk[];
  readonly milliseconds: number;
}

export interface Ready {
  /** How the models run: "wasm relaxed-simd, 1 thread". */
  readonly backend: string;
  readonly parameters: number;
  readonly milliseconds: number;
}

export interface LoadProgress {
  readonly loadedBytes: number;
  readonly totalBytes: number;
}

export interface PlaygroundWorker {
  load(onProgress: (progress: LoadProgress) => void): Promise<Ready>;
  analyse(text: string): Promise<Analysis>;
}
