import { withModelFiles } from "@convbert/converter/internal";
import type { ModelSource } from "@convbert/files";
import { ConvBertModel, type FromPretrainedOptions, InputError, readConfig } from "@convbert/model";
import { ConvBertForMaskedLM } from "./masked-lm.js";
import { ConvBertForMultipleChoice } from "./multiple-choice.js";
import { ConvBertForQuestionAnswering } from "./question-answering.js";
import { ConvBertForSequenceClassification } from "./sequence-classification.js";
import { ConvBertForTokenClassification } from "./token-classification.js";

/** The six models by the reference's class names, as `architectures` in config.json has them. */
export const MODEL_CLASSES = {
  ConvBertModel,
  ConvBertForMaskedLM,
  ConvBertForSequenceClassification,
  ConvBertForTokenClassification,
  ConvBertForQuestionAnswering,
  ConvBertForMultipleChoice,
} as const;

export type ModelName = keyof typeof MODEL_CLASSES;
export type AnyConvBert = InstanceType<(typeof MODEL_CLASSES)[ModelName]>;

/** Whether a name is one of the six. */
export function isModelName(name: unknown): name is ModelName {
  return typeof name === "string" && Object.hasOwn(MODEL_CLASSES, name);
}

/** The class that a configuration's `architectures` names (TensorFlow's names included); the base model by default. */
export function modelNameOf(architectures: readonly string[] | null): ModelName {
  for (const name of architectures ?? []) {
    const plain = name.replace(/^TF/, "");
    if (isModelName(plain)) {
      return plain;
    }
  }
  return "ConvBertModel";
}

/**
 * Loads the model whose class `config.json` names, or `head` where given. Throws InputError for an unknown head, and
 * what `fromPretrained` throws.
 */
export async function loadModel(
  source: ModelSource,
  options: FromPretrainedOptions & { readonly head?: string } = {},
): Promise<AnyConvBert> {
  const { head, ...rest } = options;
  if (head !== undefined && !isModelName(head)) {
    throw new InputError("head", `"${head}" is none of ${Object.keys(MODEL_CLASSES).join(", ")}`);
  }
  return withModelFiles(source, rest, async (files) => {
    const name = head ?? modelNameOf((await readConfig(files)).architectures);
    const Model = MODEL_CLASSES[name as ModelName];
    // All six have one static side; only their instances differ.
    return (Model as typeof ConvBertModel).fromPretrained(files, rest);
  });
}
