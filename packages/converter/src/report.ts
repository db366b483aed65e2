import { printable } from "@convbert/files/internal";
import type { NameMatch, ShapeMismatch } from "./match.js";

export interface ReportContext {
  /** Class name of the model that is being loaded, as "ConvBertForMaskedLM". */
  readonly model: string;
  /** Where the checkpoint is. */
  readonly location: string;
  /** `architectures` of the checkpoint's config: unused weights are a warning only where they should have fitted. */
  readonly architectures?: readonly string[];
}

/** One message about a load. */
export interface LoadMessage {
  readonly level: "info" | "warning";
  readonly text: string;
}

/** The messages that the reference's `from_pretrained` logs about unused, new and mismatched weights, in its words. */
export function loadReport(match: NameMatch, context: ReportContext): LoadMessage[] {
  const { model, location, architectures = [] } = context;
  const { missing_keys: missing, unexpected_keys: unexpected } = match.loadingInfo;
  const messages: LoadMessage[] = [];
  if (unexpected.length > 0) {
    messages.push({
      level: architectures.includes(model) ? "warning" : "info",
      text:
        `Some weights of the model checkpoint at ${location} were not used when initializing ${model}: ` +
        `${quoted(unexpected)}\n- This IS expected if you are initializing ${model} from the checkpoint of a model ` +
        "trained on another task or with another architecture (e.g. initializing a BertForSequenceClassification " +
        `model from a BertForPreTraining model).\n- This IS NOT expected if you are initializing ${model} from the ` +
        "checkpoint of a model that you expect to be exactly identical (initializing a " +
        "BertForSequenceClassification model from a BertForSequenceClassification model).",
    });
  } else {
    messages.push({ level: "info", text: `All model checkpoint weights were used when initializing ${model}.\n` });
  }
  if (missing.length > 0) {
    messages.push({
      level: "warning",
      text:
        `Some weights of ${model} were not initialized from the model checkpoint at ${location} and are newly ` +
        `initialized: ${quoted(missing)}\nYou should probably TRAIN this model on a down-stream task to be able to ` +
        "use it for predictions and inference.",
    });
  } else if (match.mismatched.length === 0) {
    messages.push({
      level: "info",
      text:
        `All the weights of ${model} were initialized from the model checkpoint at ${location}.\nIf your task is ` +
        `similar to the task the model of the checkpoint was trained on, you can already use ${model} for ` +
        "predictions without further training.",
    });
  }
  if (match.mismatched.length > 0) {
    const lines = match.mismatched.map(
      ({ found, foundShape, expectedShape }) =>
        `- ${printable(found)}: found shape ${torchSize(foundShape)} in the checkpoint and ${torchSize(expectedShape)} in the ` +
        "model instantiated",
    );
    messages.push({
      level: "warning",
      text:
        `Some weights of ${model} were not initialized from the model checkpoint at ${location} and are newly ` +
        `initialized because the shapes did not match:\n${lines.join("\n")}\nYou should probably TRAIN this model on ` +
        "a down-stream task to be able to use it for predictions and inference.",
    });
  }
  return messages;
}

/**
 * The text of the error that the reference raises for shapes that do not match, unless the caller asked to ignore them.
 * @param prefix in front of each line's name, where the base model alone was loaded.
 */
export function mismatchText(mismatched: readonly ShapeMismatch[], model: string): string {
  const lines = mismatched.map(
    ({ name, foundShape, expectedShape }) =>
      `size mismatch for ${name}: copying a param with shape ${torchSize(foundShape)} from checkpoint, the shape in ` +
      `current model is ${torchSize(expectedShape)}.`,
  );
  return (
    `Error(s) in loading state_dict for ${model}:\n\t${lines.join("\n\t")}\n\tYou may consider adding ` +
    "`ignore_mismatched_sizes: true` to the options of `fromPretrained`."
  );
}

function torchSize(shape: readonly number[]): string {
  return `torch.Size([${shape.join(", ")}])`;
}

/** Names of a message: far more than any model has, far fewer than a hostile file can. */
const MOST_NAMES = 2000;

function quoted(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).map((name) => `'${printable(name)}'`);
  const more = names.length - shown.length;
  return `[${shown.join(", ")}${more > 0 ? `, and ${more} more` : ""}]`;
}
