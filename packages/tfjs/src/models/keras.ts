import { InputError } from "@convbert/model";
import * as tf from "@tensorflow/tfjs-core";
import {
  LayersModel,
  type LayerVariable,
  type ModelCompileArgs,
  type ModelFitArgs,
  type Shape,
} from "@tensorflow/tfjs-layers";
import {
  type FirstInput,
  graphInputs,
  type NamedInputs,
  namedInputs,
  type PreparedTensors,
  type Signature,
  type TFConvBertInputs,
} from "../inputs.js";
import { accuracyOf } from "../metrics.js";
import { release, tensorsIn } from "../ownership.js";
import { type FitDataset, mapElements } from "./dataset.js";
import { type LabelInput, namedLabels, targetTensors } from "./labels.js";

/** What TensorFlow.js's own training functions keep in a model; 4.22 declares it private. */
interface Internals {
  loss: unknown;
  metrics: unknown;
  metricsNames: string[];
  metricsTensors: [(labels: tf.Tensor, outputs: tf.Tensor) => tf.Tensor, number][];
  feedOutputShapes: (Shape | null)[];
  collectedTrainableWeights: LayerVariable[];
  makeTestFunction: () => void;
  testFunction: (data: tf.Tensor[]) => tf.Scalar[];
}

/** `compile`'s arguments; without a loss the model trains on its own. */
export type CompileArgs = Omit<ModelCompileArgs, "loss"> & Partial<Pick<ModelCompileArgs, "loss">>;

type DatasetFitArgs<T> = Parameters<typeof LayersModel.prototype.fitDataset<T>>[1];
type DatasetEvaluateArgs = Parameters<LayersModel["evaluateDataset"]>[1];
type EvaluateArgs = Parameters<LayersModel["evaluate"]>[2];
type PredictArgs = Parameters<LayersModel["predict"]>[1];

/** Tensors for TensorFlow.js's training functions. */
interface Batch {
  readonly xs: tf.Tensor[];
  readonly ys: tf.Tensor[];
}

/**
 * A `tf.LayersModel` that takes its data in the reference's forms, and can train on a loss of its own. `compile`, `fit`
 * and the others do what TensorFlow.js says they do.
 */
export abstract class KerasModel<Inputs extends TFConvBertInputs = TFConvBertInputs> extends LayersModel {
  #isOwnLoss = false;

  /** What its arguments are. */
  abstract get signature(): Signature;

  /** Checks arguments and makes tensors of them, in `tf.tidy`. */
  protected abstract prepare(named: NamedInputs): PreparedTensors;

  /** Labels as the loss wants them, in `tf.tidy`; null where there are none. */
  protected abstract labelTensors(named: NamedInputs, prepared: PreparedTensors): tf.Tensor[] | null;

  /** The reference's loss, not reduced; null for a model that has none. */
  protected abstract ownLoss(labels: tf.Tensor[], outputs: tf.Tensor[]): tf.Tensor | null;

  /** Whether a label belongs to a sequence as its class, so that classes can have weights. */
  protected get hasClassLabels(): boolean {
    return false;
  }

  /** Runs inputs that no graph takes; the result is `predict`'s. */
  protected abstract predictOutside(named: NamedInputs, batchSize: number): tf.Tensor | tf.Tensor[];

  /**
   * As TensorFlow.js's, but `loss` can be left out: the model then trains on its own loss, with the labels in `x` or in
   * `y`; "accuracy" then compares the largest logit with the label.
   * @throws InputError without a loss for a model that has none.
   */
  override compile(args: CompileArgs): void {
    const { loss, metrics } = args;
    const isOwn = loss == null || (Array.isArray(loss) && loss.length === 0);
    const { labels, modelName } = this.signature;
    if (isOwn && labels.length === 0) {
      throw new InputError("loss", `${modelName} has no loss of its own; give one`);
    }
    const internals = this as unknown as Internals;
    const own = (y: tf.Tensor, output: tf.Tensor) => this.ownLoss([y], [output])!;
    super.compile({
      ...args,
      loss: isOwn ? this.outputs.map(() => own) : loss,
      ...(isOwn && metrics !== undefined && { metrics: accuracyOf(metrics, this.outputs[0]!.shape.at(-1) !== 1) }),
    });
    this.#isOwnLoss = isOwn;
    // Functions take labels of any shape: only losses that go by a name are bound to the outputs'.
    internals.feedOutputShapes = this.outputs.map((output, index) => {
      const given = Array.isArray(loss) ? loss[index] : loss;
      return isOwn || typeof given === "function" ? null : output.shape;
    });
    if (!isOwn) {
      delete (this as unknown as Partial<Internals>).makeTestFunction;
      return;
    }
    internals.loss = [];
    internals.metrics = metrics;
    if (this.#isJoint) {
      // One loss of all outputs has no parts of its own to report.
      internals.metricsNames.splice(1, this.outputs.length);
      internals.metricsTensors.splice(0, this.outputs.length);
      internals.makeTestFunction = () => {
        internals.testFunction = (data) => tf.tidy(() => this.#jointLoss(data, false));
      };
    }
  }

  /** Whether one loss has several outputs, which TensorFlow.js knows nothing of. */
  get #isJoint(): boolean {
    return this.#isOwnLoss && this.outputs.length > 1;
  }

  /** Loss and metrics of a batch of inputs and labels. */
  #jointLoss(data: readonly tf.Tensor[], training: boolean): tf.Scalar[] {
    const labels = data.slice(this.inputs.length, this.inputs.length + this.outputs.length);
    const outputs = [super.call(data.slice(0, this.inputs.length), { training })].flat();
    const loss = tf.mean(this.ownLoss(labels, outputs)!);
    const metrics = (this as unknown as Internals).metricsTensors.map(([metric, index]) =>
      tf.mean(metric(labels[index]!, outputs[index]!)),
    );
    return [loss, ...metrics] as tf.Scalar[];
  }

  protected override makeTrainFunction(): (data: tf.Tensor[]) => tf.Scalar[] {
    if (!this.#isJoint) {
      return super.makeTrainFunction();
    }
    return (data) => {
      let metrics: tf.Scalar[] = [];
      const variables = (this as unknown as Internals).collectedTrainableWeights.map((weight) => weight.read());
      const run = () => {
        const [loss, ...rest] = this.#jointLoss(data, true);
        metrics = rest.map((metric) => tf.keep(metric));
        return loss!;
      };
      return [this.optimizer.minimize(run, true, variables as tf.Variable[])!, ...metrics];
    };
  }

  /**
   * As TensorFlow.js's, with inputs in every form that the model takes.
   * @param x an object of arguments, `input_ids`, or a list; labels may be among them.
   * @param y labels, where they are not in `x`.
   * @throws InputError with the name of an argument that does not fit.
   */
  override async fit(x: FirstInput<Inputs>, y?: LabelInput, args: ModelFitArgs = {}) {
    this.#checkClassWeight(args);
    const training = this.#batch(x, y);
    try {
      const { validationData } = args;
      if (!Array.isArray(validationData) || validationData.length === 3) {
        return await super.fit(training.xs, training.ys, args);
      }
      const validation = this.#batch(validationData[0] as FirstInput<Inputs>, validationData[1] as LabelInput);
      try {
        return await super.fit(training.xs, training.ys, { ...args, validationData: [validation.xs, validation.ys] });
      } finally {
        release(tensorsIn(validation), validationData);
      }
    } finally {
      release(tensorsIn(training), [x, y]);
    }
  }

  /** See {@link fit} for the forms of `x` and `y`. */
  override evaluate(x: FirstInput<Inputs>, y?: LabelInput, args: EvaluateArgs = {}): tf.Scalar | tf.Scalar[] {
    const batch = this.#batch(x, y);
    try {
      return super.evaluate(batch.xs, batch.ys, args);
    } finally {
      release(tensorsIn(batch), [x, y]);
    }
  }

  /** See {@link fit} for the forms of `x` and `y`. */
  override async trainOnBatch(x: FirstInput<Inputs>, y?: LabelInput): Promise<number | number[]> {
    const batch = this.#batch(x, y);
    try {
      return await super.trainOnBatch(batch.xs as never, batch.ys as never);
    } finally {
      release(tensorsIn(batch), [x, y]);
    }
  }

  /**
   * The logits (of spans: those of starts and of ends; of the base model: the last hidden states), in batches.
   * @param x an object of arguments, `input_ids`, or a list; `inputs_embeds` too.
   * @throws InputError with the name of an argument that does not fit.
   */
  override predict(x: FirstInput<Inputs>, args: PredictArgs = {}): tf.Tensor | tf.Tensor[] {
    const named = namedInputs(x, {}, this.signature);
    if (named["inputs_embeds"] != null) {
      return this.predictOutside(named, args.batchSize ?? 32);
    }
    const xs = this.#graphTensors(named);
    try {
      return super.predict(xs, args);
    } finally {
      release(xs, x);
    }
  }

  /** As {@link predict}, all in one batch. */
  override predictOnBatch(x: FirstInput<Inputs>): tf.Tensor | tf.Tensor[] {
    return this.predict(x, { batchSize: 2 ** 30 });
  }

  /**
   * As TensorFlow.js's. Elements are `{ xs, ys }` in the forms of {@link fit}, or objects of arguments with the labels
   * among them; they are consumed.
   */
  override async fitDataset<T>(dataset: FitDataset<T>, args: DatasetFitArgs<T>) {
    this.#checkClassWeight(args as ModelFitArgs);
    const { validationData } = args as { validationData?: unknown };
    const element = (value: unknown) => this.#element(value);
    const own = mapElements(dataset, element);
    if (validationData == null) {
      return await super.fitDataset(own, args);
    }
    if (!Array.isArray(validationData)) {
      return await super.fitDataset(own, {
        ...args,
        validationData: mapElements(validationData as FitDataset<T>, element),
      });
    }
    const validation = this.#batch(validationData[0], validationData[1]);
    try {
      return await super.fitDataset(own, { ...args, validationData: [validation.xs, validation.ys] });
    } finally {
      release(tensorsIn(validation), validationData);
    }
  }

  /** See {@link fitDataset} for the elements. */
  override async evaluateDataset(
    dataset: Parameters<LayersModel["evaluateDataset"]>[0],
    args?: DatasetEvaluateArgs,
  ): Promise<tf.Scalar | tf.Scalar[]> {
    return await super.evaluateDataset(
      mapElements(dataset, (value) => this.#element(value)),
      args as DatasetEvaluateArgs,
    );
  }

  /** The graph's outputs, in the graph of another model or for tensors; see `forward` for everything else. */
  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { training?: boolean } = {}): tf.Tensor | tf.Tensor[] {
    return tf.tidy(() => {
      const named = namedInputs(inputs, {}, this.signature);
      return super.call(graphInputs(this.prepare(named)), kwargs);
    });
  }

  /** Class weights go by one label a sequence: of others TensorFlow.js would make something else without a word. */
  #checkClassWeight({ classWeight }: ModelFitArgs): void {
    if (classWeight != null && this.#isOwnLoss && !this.hasClassLabels) {
      throw new InputError("classWeight", `labels of ${this.signature.modelName} are no classes of whole sequences`);
    }
  }

  #graphTensors(named: NamedInputs): tf.Tensor[] {
    return tf.tidy(() => graphInputs(this.prepare(named)));
  }

  #batch(x: FirstInput<Inputs>, y: LabelInput): Batch {
    const { labels: names } = this.signature;
    return tf.tidy(() => {
      const named = namedInputs(
        x,
        this.#isOwnLoss || y == null ? namedLabels(y, this.signature.labels) : {},
        this.signature,
      );
      const prepared = this.prepare(named);
      const xs = graphInputs(prepared);
      if (!this.#isOwnLoss && y != null) {
        return { xs, ys: targetTensors(y, [this.outputNames, this.signature.labels]) };
      }
      const ys = this.labelTensors(named, prepared);
      if (ys === null) {
        throw new InputError(names.join(", ") || "y", "training needs labels, in x or in y");
      }
      return { xs, ys };
    });
  }

  /** Tensors of an element; those of it that are not among them are freed, because TensorFlow.js frees only its own. */
  #element(value: unknown): Batch {
    const { xs, ys } = value as { xs?: FirstInput<Inputs>; ys?: LabelInput };
    try {
      const batch = xs === undefined ? this.#batch(value as FirstInput<Inputs>, undefined) : this.#batch(xs, ys);
      release(tensorsIn(value), batch);
      return batch;
    } catch (error) {
      tf.dispose(tensorsIn(value));
      throw error;
    }
  }
}
