import { turn } from "@convbert/files/internal";
import { type DropoutGenerator, keep, type Sequences, type Tape, Tensor, tidy } from "@convbert/tensor";
import type { ConvBertModules } from "./convbert.js";
import type { PreparedSequences } from "./inputs.js";

export interface EncodeOptions {
  /** Checked between layers: an abort rejects with the signal's reason and leaves the model usable. */
  readonly signal?: AbortSignal | undefined;
}

/** What a run that is trained through needs. */
export interface TrainingRun {
  /** Records the run; its store has the parameters that are trained. */
  readonly tape: Tape;
  /** Which elements are dropped; null or absent drops nothing, as evaluation does. */
  readonly dropout?: DropoutGenerator | null;
  /** Keeps only the layers' inputs and runs each layer again in the backward pass: less memory, a third more time. */
  readonly checkpointing?: boolean;
}

/** Not for users. Options with the model's own say: `assertUsable` throws once its weights are gone. */
export interface RunOptions extends EncodeOptions {
  readonly assertUsable: () => void;
  readonly training?: TrainingRun | undefined;
}

/**
 * What the encoder computed, in the backend's memory; `dispose` frees all of it. Hidden states are
 * `[tokens, hidden_size]`, sequence after sequence.
 */
export interface Encoded extends Disposable {
  readonly lastHiddenState: Tensor<"float32">;
  /** The embeddings' and each layer's output where asked for. */
  readonly hiddenStates: readonly Tensor<"float32">[] | null;
  /** `[sequences, heads, length, length]` of each layer where asked for. */
  readonly attentions: readonly Tensor<"float32">[] | null;
  /** The convolution's kernels of each layer where asked for: `[tokens, heads * taps]`. */
  readonly kernels: readonly { readonly tensor: Tensor<"float32">; readonly taps: number }[] | null;
  readonly sequences: Sequences;
}

/** Runs the encoder; layers are synchronous, an abort and other work get their turn between them. */
export async function encode(
  modules: ConvBertModules,
  inputs: PreparedSequences,
  { signal, assertUsable, training }: RunOptions,
): Promise<Encoded> {
  assertUsable();
  const { sequences, mask: hostMask, headMask } = inputs;
  const { backend } = modules.embeddings.norm.weight;
  const tokens = inputs.positions.length;
  const random = training?.dropout ?? null;
  const record = <Result>(work: () => Result): Result => (training ? training.tape.record(work) : work());
  const owned = new Set<Tensor>();
  const own = <T extends Tensor>(tensor: T): T => {
    owned.add(keep(tensor));
    return tensor;
  };
  const dispose = () => {
    for (const tensor of owned) {
      tensor.dispose();
    }
  };
  try {
    signal?.throwIfAborted();
    let hidden = own(
      tidy(() => {
        const ints = (values: Int32Array) => Tensor.from(backend, values, [tokens], "int32");
        const words =
          inputs.words instanceof Int32Array
            ? ints(inputs.words)
            : Tensor.from(backend, inputs.words, [tokens, inputs.words.length / tokens]);
        return record(() => modules.embed(words, ints(inputs.positions), ints(inputs.types), random));
      }),
    );
    const mask = hostMask === null ? null : own(Tensor.from(backend, hostMask.values, hostMask.shape));
    const hiddenStates = inputs.outputHiddenStates ? [hidden] : null;
    const attentions: Tensor<"float32">[] | null = inputs.outputAttentions ? [] : null;
    const kernels: { tensor: Tensor<"float32">; taps: number }[] | null = inputs.outputKernels ? [] : null;

    for (const [index, layer] of modules.layers.entries()) {
      if (signal !== undefined) {
        await turn();
        signal.throwIfAborted();
        assertUsable();
      }
      const before = hidden;
      const run = (input: Tensor, inputMask: Tensor | null) => {
        const kept = layer.attention.self.heads;
        const weights = headMask?.[index];
        return layer.forward(input, {
          sequences,
          mask: inputMask,
          headMask: weights
            ? Tensor.from(
                backend,
                kept.map((head) => weights[head]!),
              )
            : null,
          probabilities: inputs.outputAttentions,
          kernels: inputs.outputKernels,
          random,
        });
      };
      const after = tidy(() => {
        if (!training?.checkpointing) {
          return record(() => run(before, mask));
        }
        const position = random?.position ?? 0;
        const hiddenState = training.tape.checkpoint(mask ? [before, mask] : [before], ([input, inputMask]) => {
          if (random !== null) {
            random.position = position;
          }
          return run(input!, inputMask ?? null).hiddenState;
        });
        return { hiddenState, probabilities: null, kernels: null };
      });
      hidden = own(after.hiddenState);
      if (after.probabilities !== null) {
        attentions?.push(own(after.probabilities));
      }
      if (after.kernels !== null) {
        kernels?.push({ tensor: own(after.kernels), taps: layer.attention.self.taps });
      }
      if (hiddenStates !== null) {
        hiddenStates.push(hidden);
      } else {
        owned.delete(before);
        before.dispose();
      }
    }
    if (mask !== null) {
      owned.delete(mask);
      mask.dispose();
    }
    return { lastHiddenState: hidden, hiddenStates, attentions, kernels, sequences, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}
