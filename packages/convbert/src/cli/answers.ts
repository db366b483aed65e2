import type { FloatArray } from "@convbert/model";
import type {
  Answer,
  ChoiceInput,
  ChosenAnswer,
  EntityGroup,
  FilledMask,
  LabelScore,
  QuestionInput,
  TextPair,
  TokenEntity,
  ZeroShotResult,
} from "@convbert/pipelines";
import { bars, clipped, folded, marked, padded, type Style } from "./style.js";
import type { TaskInput } from "./task-inputs.js";

// What people read. Each function gives the lines for one input, without a line end after the last.

/** The texts of an input, as a heading. */
export function heading(input: TaskInput, style: Style): string {
  const { bold } = style.colors;
  if (typeof input === "string") return folded(bold(input), style, "");
  if ("question" in input) return folded(bold(input.question), style, "");
  if ("choices" in input) return folded(bold(input.prompt), style, "");
  return folded(`${bold(input.text)} / ${bold(input.text_pair ?? "")}`, style, "");
}

export function classified(input: string | TextPair, labels: readonly LabelScore[], style: Style): string {
  return `${heading(input, style)}\n${bars(labels, style)}`;
}

/** The text with its entities in brackets, or a line a token. */
export function labelled(text: string, found: readonly (TokenEntity | EntityGroup)[], style: Style): string {
  if (found.length === 0) return `${folded(text, style)}\n  ${style.colors.dim("nothing found")}`;
  if (found.every((entity) => "entity_group" in entity)) {
    const spans = found.map(({ entity_group: kind, start, end }) => ({ kind, start, end }));
    return folded(marked(text, spans, style), style);
  }
  const rows = found as readonly TokenEntity[];
  const width = Math.max(...rows.map(({ word }) => word.length));
  const lines = rows.map(
    ({ word, entity, score }) => `  ${padded(word, width)}  ${padded(entity, 8)} ${percent(score)}`,
  );
  return [folded(style.colors.bold(text), style, ""), ...lines].join("\n");
}

export function answered(input: QuestionInput, answers: readonly Answer[], style: Style): string {
  const { bold, dim, cyan } = style.colors;
  const lines = answers.flatMap(({ answer, score, start, end }) => {
    if (answer === "") return [`  ${percent(score)}  ${dim("no answer")}`];
    const before = input.context.slice(Math.max(0, start - 40), start).replace(/\s+/g, " ");
    const after = input.context.slice(end, end + 40).replace(/\s+/g, " ");
    const shown = answer.replace(/\s+/g, " ");
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

export function chosen(input: ChoiceInput, { index, scores }: ChosenAnswer, style: Style): string {
  const { bold, dim, cyan } = style.colors;
  const lines = input.choices.map((choice, i) => {
    const text = clipped(choice, style.width - 12);
    const share = `${percent(scores[i]!)}`;
    return i === index ? `${cyan("› ")}${bold(share)}  ${bold(text)}` : `  ${dim(share)}  ${text}`;
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
