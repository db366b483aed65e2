import type { FloatArray } from "@convbert/model";
import type {
  Answer,
  ChoiceInput,
  ChosenAnswer,
  EntityGroup,
  FilledMask,
  FilledText,
  LabelScore,
  QuestionInput,
  SentenceScore,
  SimilarityInput,
  TextPair,
  TokenEntity,
  ZeroShotResult,
} from "@convbert/pipelines";
import stringWidth from "string-width";
import { printable } from "../printable.js";
import { bars, clipped, folded, marked, padded, type Style } from "../style.js";
import type { TaskInput } from "./task-inputs.js";

// What people read. Each function gives the lines for one input, without a line end after the last.

/** The texts of an input, as a heading. */
export function heading(input: TaskInput, style: Style): string {
  const { bold } = style.colors;
  const shown = (text: string): string => bold(printable(text));
  if (typeof input === "string") return folded(shown(input), style, "");
  if (isWords(input)) return folded(shown(input.join(" ")), style, "");
  if ("question" in input) return folded(shown(input.question), style, "");
  if ("sentences" in input) return folded(shown(input.source_sentence), style, "");
  if ("choices" in input) return folded(shown(input.prompt), style, "");
  const pair = input.text_pair === undefined ? "" : ` / ${shown(input.text_pair)}`;
  return folded(shown(input.text) + pair, style, "");
}

function isWords(input: TaskInput): input is readonly string[] {
  return Array.isArray(input);
}

export function classified(
  input: string | readonly string[] | TextPair,
  labels: readonly LabelScore[],
  style: Style,
): string {
  return `${heading(input, style)}\n${bars(labels, style)}`;
}

/** Scores that are no shares, as those of a regression. */
export function measured(
  input: string | readonly string[] | TextPair,
  values: readonly LabelScore[],
  style: Style,
): string {
  const width = Math.max(6, style.width - 14);
  const names = values.map(({ label }) => clipped(printable(label), width));
  const widest = Math.max(...names.map((name) => stringWidth(name)));
  const lines = values.map(({ score }, i) => `  ${padded(names[i]!, widest)}  ${score.toFixed(4).padStart(10)}`);
  return [heading(input, style), ...lines].join("\n");
}

/** The text with its entities in brackets, or a line a token. */
export function labelled(text: string, found: readonly (TokenEntity | EntityGroup)[], style: Style): string {
  if (found.length === 0) return `${folded(printable(text), style)}\n  ${style.colors.dim("nothing found")}`;
  if (found.every((entity) => "entity_group" in entity)) {
    const spans = found.map(({ entity_group: kind, start, end }) => ({ kind, start, end }));
    return folded(marked(text, spans, style), style);
  }
  // Indent, two gaps, a percentage; the label has what a long word leaves.
  const room = Math.max(8, style.width - 12);
  const rows = (found as readonly TokenEntity[]).map(({ word, entity, score }) => ({
    word: clipped(printable(word), Math.ceil(room / 2)),
    entity: clipped(printable(entity), Math.floor(room / 2)),
    score,
  }));
  const width = Math.max(...rows.map(({ word }) => stringWidth(word)));
  const lines = rows.map(
    ({ word, entity, score }) => `  ${padded(word, width)}  ${padded(entity, 8)} ${percent(score)}`,
  );
  return [heading(text, style), ...lines].join("\n");
}

export function foundAnswers(input: QuestionInput, answers: readonly Answer[], style: Style): string {
  const { bold, dim, cyan } = style.colors;
  const lines = answers.flatMap(({ answer, score, start, end }) => {
    if (answer === "") return [`  ${percent(score)}  ${dim("no answer")}`];
    // A stretch may begin or end within a character of two units.
    const plain = (text: string): string =>
      printable(text.replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, "").replace(/\s+/g, " "));
    const before = plain(input.context.slice(Math.max(0, start - 40), start));
    const after = plain(input.context.slice(end, end + 40));
    const shown = plain(answer);
    const around = `${start > 40 ? "…" : ""}${before}${cyan(shown)}${after}${end + 40 < input.context.length ? "…" : ""}`;
    return [folded(`${percent(score)}  ${bold(cyan(shown))}`, style), folded(dim(around), style, "          ")];
  });
  return [heading(input, style), ...lines].join("\n");
}

export function filled(text: string, found: readonly FilledMask[] | readonly FilledMask[][], style: Style): string {
  const several = Array.isArray(found[0]);
  const masks = (several ? found : [found]) as readonly (readonly FilledMask[])[];
  const lines = masks.flatMap((tokens, i) => [
    ...(several ? [`  ${style.colors.dim(`mask ${i + 1}`)}`] : []),
    bars(
      tokens.map(({ token_str: label, score }) => ({ label, score })),
      style,
    ),
  ]);
  return [heading(text, style), ...lines].join("\n");
}

export function filledTogether(text: string, found: readonly FilledText[], style: Style): string {
  const rows = found.map(({ token_strs: tokens, score }) => ({ label: tokens.join(" … "), score }));
  return `${heading(text, style)}\n${bars(rows, style)}`;
}

export function chosen(input: ChoiceInput, { index, scores }: ChosenAnswer, style: Style): string {
  const { bold, dim, cyan } = style.colors;
  const lines = input.choices.map((choice, i) => {
    const text = clipped(printable(choice), style.width - 12);
    const share = `${percent(scores[i]!)}`;
    return i === index ? `${cyan("› ")}${bold(share)}  ${bold(text)}` : `  ${dim(share)}  ${text}`;
  });
  return [heading(input, style), ...lines].join("\n");
}

export function similar(input: SimilarityInput, found: readonly SentenceScore[], style: Style): string {
  const lines = found.map(({ score, sentence }) => {
    return `  ${style.colors.dim(score.toFixed(3).padStart(6))} ${clipped(printable(sentence), style.width - 12)}`;
  });
  return [heading(input, style), ...lines].join("\n");
}

export function proposed({ sequence, labels, scores }: ZeroShotResult, style: Style): string {
  return `${heading(sequence, style)}\n${bars(
    labels.map((label, i) => ({ label, score: scores[i]! })),
    style,
  )}`;
}

export function features(text: string, array: FloatArray, style: Style): string {
  const [rows, size] = array.shape.length === 2 ? (array.shape as [number, number]) : [1, array.shape[0]!];
  const shown = Math.max(1, Math.min(size, Math.floor((style.width - 10) / 9)));
  const lines = Array.from({ length: rows }, (_, row) => {
    const values = Array.from(array.data.subarray(row * size, row * size + shown), (value) =>
      value.toFixed(4).padStart(8),
    );
    const name = array.shape.length === 2 ? String(row).padStart(4) : "    ";
    return `  ${style.colors.dim(name)} ${values.join(" ")}${shown < size ? style.colors.dim(" …") : ""}`;
  });
  return [heading(text, style), style.colors.dim(`  [${array.shape.join(", ")}]`), ...lines].join("\n");
}

/** Nested lists, for JSON. */
export function nested(array: FloatArray): number[] | number[][] {
  const [rows, size] = array.shape.length === 2 ? (array.shape as [number, number]) : [1, array.shape[0]!];
  const lists = Array.from({ length: rows }, (_, row) => [...array.data.subarray(row * size, (row + 1) * size)]);
  return array.shape.length === 2 ? lists : lists[0]!;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`.padStart(6);
}
