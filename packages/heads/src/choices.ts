import { type ArrayInput, type ConvBertInputs, InputError } from "@convbert/model";
import { floats, type HostArray, integers } from "@convbert/model/internal";

/** `[batch, choices, length]` as `[sequences, length]`: each choice is a sequence of its own. */
export function choicesAsSequences<Inputs extends ConvBertInputs>(inputs: Inputs): Inputs {
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

/** How many choices each row of the inputs has. Throws InputError for inputs of another shape. */
export function countChoices({ input_ids: ids, inputs_embeds: embeds }: ConvBertInputs): number {
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

/**
 * Where the sequences of each prompt end, in a batch without padding; null where nothing says how many `choices` it has.
 * Throws InputError unless they are as many as the sequences.
 * @param needed whether they have to be given: labels are about prompts.
 */
export function choiceEnds(
  choices: ArrayLike<number> | null | undefined,
  sequences: number,
  needed: boolean,
): number[] | null {
  if (choices == null) {
    if (needed) throw new InputError("choices", "labels need to know how many choices each prompt has");
    return null;
  }
  let end = 0;
  const ends = Array.from(choices, (count) => {
    if (!(Number.isSafeInteger(count) && count > 0)) {
      throw new InputError("choices", `expected how many choices each prompt has, got ${String(count)}`);
    }
    end += count;
    return end;
  });
  if (end === sequences) return ends;
  throw new InputError("choices", `they are ${end}, and the batch has ${sequences} sequences`);
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
