import type { FileSet } from "@convbert/files";
import { pathIn, printable, quoted } from "@convbert/files/internal";
import { WeightsError } from "../errors.js";

/** Name of the file that makes a folder an adapter's. */
export const ADAPTER_CONFIG = "adapter_config.json";

/** What `adapter_config.json` of a LoRA says (Hugging Face PEFT), as far as merging needs it. */
export interface AdapterConfig {
  readonly alpha: number;
  readonly rankStabilised: boolean;
  /** Other alphas of some modules: the end of a module's path, or the whole of it. */
  readonly alphaPattern: ReadonlyMap<string, number>;
  readonly weightDecomposed: boolean;
  /** Where the model is that the adapter was trained on; undefined where the file does not say. */
  readonly base: string | undefined;
  readonly baseRevision: string | undefined;
  /** Class of the model that was trained, where the file says it. */
  readonly modelClass: string | undefined;
}

/** Initialisations that leave the base model's weights as they are. */
const PLAIN_STARTS = [undefined, null, true, false, "gaussian", "eva", "orthogonal"];
const TASKS: Readonly<Record<string, string>> = {
  SEQ_CLS: "ConvBertForSequenceClassification",
  TOKEN_CLS: "ConvBertForTokenClassification",
  QUESTION_ANS: "ConvBertForQuestionAnswering",
  FEATURE_EXTRACTION: "ConvBertModel",
};

/**
 * Reads and checks `adapter_config.json`.
 * @throws WeightsError "format" for a file that is none, "unsupported" for another kind of adapter than LoRA, or one
 * whose base model was changed when training began.
 */
export async function readAdapterConfig(files: FileSet): Promise<AdapterConfig> {
  const fail = (message: string, code: "format" | "unsupported" = "format"): never => {
    throw new WeightsError(code, message, { file: pathIn(files, ADAPTER_CONFIG) });
  };
  let json: unknown;
  try {
    json = JSON.parse(await files.readText(ADAPTER_CONFIG, { maxBytes: 1 << 20 }));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    fail("it is not valid JSON");
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) return fail("it is not an object");
  const fields = json as Record<string, unknown>;
  if (fields["peft_type"] !== "LORA") {
    return fail(`an adapter of the type ${quoted(fields["peft_type"])}; only LoRA is merged`, "unsupported");
  }
  const start = fields["init_lora_weights"];
  if (!PLAIN_STARTS.includes(start as string)) {
    const what = `init_lora_weights is ${quoted(start)}: training began from a changed base model`;
    return fail(`${what}; merge the adapter where it was made and save the model`, "unsupported");
  }
  for (const field of ["use_qalora", "layer_replication", "lora_bias", "trainable_token_indices"]) {
    const value = fields[field];
    if (value !== undefined && value !== null && value !== false) {
      fail(`${field} is not supported; merge the adapter where it was made and save the model`, "unsupported");
    }
  }
  const flag = (field: string): boolean => {
    const value = fields[field] ?? false;
    return typeof value === "boolean" ? value : fail(`${field} is ${quoted(value)}, not true or false`);
  };
  const alpha = fields["lora_alpha"] ?? 8;
  if (!isAlpha(alpha)) return fail(`lora_alpha is ${quoted(alpha)}, not a number`);
  const pattern = fields["alpha_pattern"] ?? {};
  if (typeof pattern !== "object" || Array.isArray(pattern)) return fail("alpha_pattern is not an object");
  const alphaPattern = new Map<string, number>();
  for (const [key, value] of Object.entries(pattern as object)) {
    if (!isAlpha(value)) fail(`alpha_pattern has ${quoted(value)} for ${quoted(key)}, not a number`);
    const plain = key.replaceAll("\\.", ".");
    if (!/^[\w.]+$/.test(plain))
      fail(`alpha_pattern has the regular expression ${quoted(key)}; names only`, "unsupported");
    alphaPattern.set(plain, value as number);
  }
  const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
  const mapping = fields["auto_mapping"] as { base_model_class?: unknown } | null | undefined;
  const task = text(fields["task_type"]);
  return {
    alpha,
    rankStabilised: flag("use_rslora"),
    alphaPattern,
    weightDecomposed: flag("use_dora"),
    base: text(fields["base_model_name_or_path"]),
    baseRevision: text(fields["revision"]),
    modelClass:
      text(mapping?.base_model_class) ?? (task !== undefined && Object.hasOwn(TASKS, task) ? TASKS[task] : undefined),
  };
}

function isAlpha(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** The factor that a module's update counts with. */
export function scalingOf(config: AdapterConfig, module: string, rank: number): number {
  const found = [...config.alphaPattern].find(([key]) => module === key || module.endsWith(`.${key}`));
  const alpha = found?.[1] ?? config.alpha;
  return alpha / (config.rankStabilised ? Math.sqrt(rank) : rank);
}

/** For messages about an adapter without a base. */
export function baseText({ base }: AdapterConfig): string {
  return base === undefined ? "no model" : printable(base);
}
