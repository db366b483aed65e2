import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Tensor, tidy } from "@convbert/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type ConfigFields,
  Embedding,
  GroupedLinear,
  LayerNorm,
  MissingWeightsError,
  type ModelConfig,
  PreTrainedModel,
  type Scope,
} from "../src/index.js";

interface Fields {
  readonly rows?: number;
  readonly size?: number;
  readonly initializer_range?: number;
  readonly [field: string]: unknown;
}

class BigramConfig implements ModelConfig {
  readonly rows: number;
  readonly size: number;
  readonly initializer_range: number;
  readonly architectures = null;
  readonly extra: ConfigFields;

  constructor({ rows = 96, size = 128, initializer_range = 0.5, ...extra }: Fields = {}) {
    this.rows = rows;
    this.size = size;
    this.initializer_range = initializer_range;
    this.extra = extra;
  }

  static fromJSON(json: unknown): BigramConfig {
    return new BigramConfig(json as Fields);
  }

  with(changes: ConfigFields): BigramConfig {
    return new BigramConfig({ ...this.toJSON(), ...changes });
  }

  toJSON(): ConfigFields {
    const { rows, size, initializer_range, extra } = this;
    return { ...extra, rows, size, initializer_range };
  }
}

/** An encoder of its own architecture: nothing of ConvBERT's names. */
class Encoder extends PreTrainedModel<BigramConfig> {
  static readonly modelName: string = "Encoder";
  static readonly configClass = BigramConfig;
  static readonly baseModel = { name: "Encoder", prefix: "encoder" };
  readonly #tokens: Embedding;
  readonly #norm: LayerNorm;

  constructor(config: BigramConfig, root: Scope, scope = root) {
    super(config, root);
    this.#tokens = new Embedding(scope.scope("tokens"), config.rows, config.size, { quantized: true });
    this.#norm = new LayerNorm(scope.scope("norm"), config.size, 1e-5);
  }

  hidden(ids: readonly number[]): Tensor<"float32"> {
    return this.#norm.forward(
      this.#tokens.forward(Tensor.from(this.backend, Int32Array.from(ids), [ids.length], "int32"), "ids"),
    );
  }

  forward(ids: readonly number[]): Float32Array {
    return tidy(() => this.hidden(ids).toArray().data);
  }
}

class WithHead extends PreTrainedModel<BigramConfig> {
  static readonly modelName: string = "WithHead";
  static readonly configClass = BigramConfig;
  static readonly baseModel = Encoder.baseModel;
  readonly encoder: Encoder;
  readonly #head: GroupedLinear;

  constructor(config: BigramConfig, root: Scope) {
    super(config, root);
    this.encoder = new Encoder(config, root, root.scope("encoder"));
    this.#head = new GroupedLinear(root.scope("head"), config.size, 256, 2);
  }

  forward(ids: readonly number[]): Float32Array {
    return tidy(() => this.#head.forward(this.encoder.hidden(ids)).toArray().data);
  }
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "convbert-nn-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(["reference", "wasm"] as const)("a model of another architecture on the %s backend", (backend) => {
  const ids = [3, 95, 0, 3];

  it.each([
    ["safetensors", "float32"],
    ["pytorch", "float32"],
    ["safetensors", "int8"],
  ] as const)("saves as %s of %s and loads again, bit for bit", async (format, dtype) => {
    const place = join(folder, `${backend}-${format}-${dtype}`);
    using model = await WithHead.fromConfig({ rows: 97, note: "kept" }, { backend, dtype, seed: 3 });
    await model.savePretrained(place, { format });
    using loaded = await WithHead.fromPretrained(place, { backend });
    expect(loaded.dtype).toBe(dtype);
    expect([loaded.config.rows, loaded.config.extra["note"]]).toEqual([97, "kept"]);
    expect([...loaded.parameters()].map(({ name, shape }) => [name, shape])).toEqual([
      ["encoder.tokens.weight", [97, 128]],
      ["encoder.norm.weight", [128]],
      ["encoder.norm.bias", [128]],
      ["head.weight", [2, 64, 128]],
      ["head.bias", [256]],
    ]);
    expect(loaded.forward(ids)).toEqual(model.forward(ids));
    expect(loaded.forward(ids).some((value) => value !== 0)).toBe(true);
  });

  it("finds the encoder's weights in a model with a head and the other way round; a head is drawn only when asked for", async () => {
    const [whole, alone] = ["whole", "alone"].map((name) => join(folder, `${backend}-${name}`)) as [string, string];
    using model = await WithHead.fromConfig({}, { backend, seed: 4 });
    await model.savePretrained(whole);
    using encoder = await Encoder.fromPretrained(whole, { backend, onWarning: () => undefined });
    expect(encoder.forward(ids)).toEqual(model.encoder.forward(ids));
    await encoder.savePretrained(alone);
    const refused = WithHead.fromPretrained(alone, { backend });
    await expect(refused).rejects.toBeInstanceOf(MissingWeightsError);
    await expect(refused).rejects.toMatchObject({ newHead: true, missing: ["head.weight", "head.bias"] });
    const warnings: string[] = [];
    using drawn = await WithHead.fromPretrained(alone, {
      backend,
      allowNewHead: true,
      seed: 5,
      onWarning: (text) => warnings.push(text),
    });
    expect(warnings.join()).toContain("head.weight");
    expect(drawn.encoder.forward(ids)).toEqual(encoder.forward(ids));
  });
});
