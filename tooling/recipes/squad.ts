/** A file in the form of SQuAD 1.1. */
export interface Squad {
  readonly version: string;
  readonly data: readonly Article[];
}

export interface Article {
  readonly title: string;
  readonly paragraphs: readonly {
    readonly context: string;
    readonly qas: readonly {
      readonly id: string;
      readonly question: string;
      readonly answers: readonly { readonly text: string; readonly answer_start: number }[];
    }[];
  }[];
}

/** The last fifth of the articles is for testing. */
export function splitArticles({ data }: Squad): { training: readonly Article[]; test: readonly Article[] } {
  const cut = Math.round(data.length * 0.8);
  return { training: data.slice(0, cut), test: data.slice(cut) };
}
