import { parseCell } from "../cell.js";
import type { DataLocation } from "../error.js";
import type { ChoiceExample } from "../examples.js";
import type { FieldMapping, Row } from "./mapping.js";
import { invalid, listed, numberOf, stringAt, valueAt } from "./row.js";

export interface ChoiceFieldOptions {
  /** Default "prompt". */
  readonly promptColumn?: string;
  /** One column with a list of choices (default "choices"), or a column each. */
  readonly choicesColumn?: string;
  readonly choiceColumns?: readonly string[];
  /** Default "label"; null reads none. */
  readonly labelColumn?: string | null;
  /** What the first choice is called in the label column. Default 0. */
  readonly firstLabel?: number;
}

/** Prompts with alternatives (multiple-choice). */
export function choiceFields(options: ChoiceFieldOptions = {}): FieldMapping<ChoiceExample> {
  const { promptColumn = "prompt", choicesColumn = "choices", choiceColumns } = options;
  const { labelColumn = "label", firstLabel = 0 } = options;
  return {
    required: [promptColumn, ...(choiceColumns ?? [choicesColumn]), ...listed(labelColumn)],
    read(row, where) {
      const prompt = stringAt(row, promptColumn, where);
      const choices =
        choiceColumns?.map((column) => stringAt(row, column, where)) ?? choicesAt(row, choicesColumn, where);
      if (choices.length < 2) throw invalid(choicesColumn, choices, "at least two choices", where);
      if (labelColumn === null) return { prompt, choices };
      const value = valueAt(row, labelColumn, where);
      const label = (numberOf(value) ?? Number.NaN) - firstLabel;
      if (!(Number.isInteger(label) && label >= 0 && label < choices.length)) {
        throw invalid(
          labelColumn,
          value,
          `a whole number from ${firstLabel} to ${firstLabel + choices.length - 1}`,
          where,
        );
      }
      return { prompt, choices, label };
    },
  };
}

function choicesAt(row: Row, field: string, where: DataLocation): string[] {
  const value = valueAt(row, field, where);
  const cell = typeof value === "string" ? parseCell(value) : undefined;
  const list = cell?.kind === "container" ? cell.value : value;
  if (Array.isArray(list) && list.every((item) => typeof item === "string" || Number.isInteger(item))) {
    return list.map(String);
  }
  throw invalid(field, value, "a list of strings", where);
}
