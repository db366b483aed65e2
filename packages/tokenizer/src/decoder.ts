/** Turns tokens back into text, a piece for each token. */
export type Decoder = (tokens: readonly string[]) => string[];

/** The Rust WordPiece decoder: continuations join the token before them, other tokens are parted by a space. */
export function wordPieceDecoder(prefix: string, cleanup: boolean): Decoder {
  return (tokens) =>
    tokens.map((token, i) => {
      const joined = i === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
      return cleanup ? cleanUp(joined).replaceAll(" do not", " don't") : joined;
    });
}

/** The reference's `clean_up_tokenization`: no space before English punctuation and contractions. */
export function cleanUp(text: string): string {
  return text
    .replace(/ ([.?!,])/g, "$1")
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m")
    .replaceAll(" 's", "'s")
    .replaceAll(" 've", "'ve")
    .replaceAll(" 're", "'re");
}
