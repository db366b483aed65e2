import {
  type ArrayInput,
  ConfigError,
  type ConvBertConfig,
  type ConvBertInputs,
  type EncoderOutputs,
  type FloatArray,
  type ForwardOptions,
  InputError,
  type RaggedInputs,
} from "@convbert/model";
import {
  encoderOutputs,
  floats,
  type HostArray,
  integers,
  Linear,
  type Scope,
  withShape,
} from "@convbert/model/internal";
import { crossEntropy, type Tensor } from "@convbert/tensor";
import { ConvBertWithHead, type HeadContext, type LossOptions } from "./head.js";
import { integerLabels } from "./labels.js";
import { eachRow, type RaggedLogits } from "./ragged.js";
import { SequenceSummary } from "./sequence-summary.js";

/** As for every model, with an axis for the choices: `[batch, choices, length]`. */
export interface MultipleChoiceInputs extends ConvBertInputs {
  /** `[batch]`: the right choice. */
  readonly labels?: ArrayInput | null | undefined;
}

/** The reference's `MultipleChoiceModelOutput`. */
export interface MultipleChoiceOutput extends EncoderOutputs {
  /** Mean cross-entropy over the choices. */
  readonly loss?: number;
  /** `[batch, choices]`. */
  readonly logits: FloatArray;
}

/**
 * Scores alternatives (the reference's `ConvBertForMultipleChoice`): each choice is a sequence, summarised and mapped to
 * one number. By default the summary is the **last** position, padding or not, as in the reference.
 */
export class ConvBertForMultipleChoice extends ConvBertWithHead<MultipleChoiceInputs> {
  static readonly modelName: string = "ConvBertForMultipleChoice";
  protected readonly ownArguments = ["labels"];
  readonly #summary: SequenceSummary;
  readonly #classifier: Linear;

  /** @internal */
  constructor(config: ConvBertConfig, root: Scope) {
    super(config, root);
    this.#summary = new SequenceSummary(root.scope("sequence_summary"), config);
    if (this.#summary.size !== config.hidden_size) {
      throw new ConfigError(
        "summary_proj_to_labels",
        `a summary of ${this.#summary.size} channels does not fit a classifier of hidden_size ${config.hidden_size}`,
      );
    }
    this.#classifier = new Linear(root.scope("classifier"), config.hidden_size, 1);
  }

  /** Runs the model, with a loss where labels are given. Throws InputError for arguments that do not fit. */
  forward(inputs: MultipleChoiceInputs, options: ForwardOptions = {}): Promise<MultipleChoiceOutput> {
    return this.run(inputs, options, (context) => {
      const logits = this.#logits(inputs, context);
      const loss = this.#loss(logits, inputs, {});
      return {
        ...(loss !== null && { loss: loss.item() }),
        logits: withShape(logits.toArray(), logits.shape),
        ...encoderOutputs(context.encoded, context.prepared),
      };
    });
  }

  /**
   * Scores sequences of any lengths without padding, each as one choice; `logits` are `[1]`, to be compared among the
   * choices of a prompt. A result for each, equal to running it alone. Throws InputError for arguments that do not fit.
   */
  forwardRagged(inputs: RaggedInputs, options: ForwardOptions = {}): Promise<RaggedLogits[]> {
    return this.runRagged(inputs, options, (context) => {
      return eachRow(this.#classifier.forward(this.#summary.forward(context)));
    });
  }

  protected override loss(inputs: MultipleChoiceInputs, context: HeadContext, options: LossOptions) {
    return this.#loss(this.#logits(inputs, context), inputs, options);
  }

  #logits(inputs: MultipleChoiceInputs, context: HeadContext): Tensor<"float32"> {
    return this.#classifier.forward(this.#summary.forward(context)).reshape([-1, countChoices(inputs)]);
  }

  #loss(logits: Tensor<"float32">, { labels }: MultipleChoiceInputs, options: LossOptions) {
    return labels == null
      ? null
      : crossEntropy(
          logits,
          integerLabels(this.backend, "labels", labels, {
            count: logits.extent(0),
            classes: logits.extent(-1),
            flat: true,
          }),
          options,
        );
  }

  /** Each choice is a sequence of its own. */
  protected override encoderInputs(inputs: MultipleChoiceInputs): ConvBertInputs {
    countChoices(inputs);
    return {
      ...inputs,
      input_ids: flatten("input_ids", inputs.input_ids, 2, integers),
      attention_mask: flatten("attention_mask", inputs.attention_mask, 2, floats),
      token_type_ids: flatten("token_type_ids", inputs.token_type_ids, 2, integers),
      position_ids: flatten("position_ids", inputs.position_ids, 2, integers),
      inputs_embeds: flatten("inputs_embeds", inputs.inputs_embeds, 3, floats),
    };
  }
}

function countChoices({ input_ids: ids, inputs_embeds: embeds }: ConvBertInputs): number {
  const input = ids ?? embeds;
  if (input == null) {
    throw new InputError("input_ids", "you have to specify either input_ids or inputs_embeds");
  }
  const { shape } = ids != null ? integers("input_ids", ids) : floats("inputs_embeds", input);
  const [, choices] = shape;
  if (shape.length !== (ids != null ? 3 : 4) || !choices) {
    throw new InputError(
      ids != null ? "input_ids" : "inputs_embeds",
      `expected [batch, choices, length${ids != null ? "" : ", embedding_size"}], got shape [${shape.join(", ")}]`,
    );
  }
  return choices;
}

/** All but the last `kept - 1` axes become one, as by the reference's `view(-1, size(-1))`. */
function flatten(
  argument: string,
  input: ArrayInput | null | undefined,
  kept: number,
  read: (argument: string, input: ArrayInput) => HostArray,
): { data: Int32Array | Float32Array; shape: number[] } | null {
  if (input == null) {
    return null;
  }
  const { shape, values } = read(argument, input);
  const inner = shape.slice(1 - kept);
  const size = inner.reduce((product, extent) => product * extent, 1);
  return { data: values, shape: [size === 0 ? 0 : values.length / size, ...inner] };
}
