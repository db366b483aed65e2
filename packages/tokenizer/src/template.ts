/** One part of a post-processing template: a sequence, or special tokens. */
export type TemplatePiece =
  | { readonly sequence: 0 | 1; readonly typeId: number }
  | { readonly ids: readonly number[]; readonly tokens: readonly string[]; readonly typeId: number };

/** How sequences and special tokens make up an input (the reference's `TemplateProcessing`). */
export interface Template {
  readonly single: readonly TemplatePiece[];
  readonly pair: readonly TemplatePiece[];
}

/** `[CLS] A [SEP]` and `[CLS] A [SEP] B [SEP]`, the second sequence of type 1. */
export function bertTemplate(cls: string, clsId: number, sep: string, sepId: number): Template {
  const special = (token: string, id: number, typeId: number): TemplatePiece => ({
    ids: [id],
    tokens: [token],
    typeId,
  });
  const single = [special(cls, clsId, 0), { sequence: 0, typeId: 0 } as const, special(sep, sepId, 0)];
  return { single, pair: [...single, { sequence: 1, typeId: 1 }, special(sep, sepId, 1)] };
}

/** No special tokens at all. */
export const plainTemplate: Template = {
  single: [{ sequence: 0, typeId: 0 }],
  pair: [
    { sequence: 0, typeId: 0 },
    { sequence: 1, typeId: 1 },
  ],
};

/** Number of special tokens in a template. */
export function addedTokens(pieces: readonly TemplatePiece[]): number {
  let count = 0;
  for (const piece of pieces) if ("ids" in piece) count += piece.ids.length;
  return count;
}

/** Whether the second sequence comes before the first. */
export function startsWithSecond(pieces: readonly TemplatePiece[]): boolean {
  for (const piece of pieces) if ("sequence" in piece) return piece.sequence === 1;
  return false;
}
