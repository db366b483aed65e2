import { existsSync, readFileSync } from "node:fs";
import { type LoadRequest, serve, stack } from "./serve.ts";

interface NdArray {
  readonly data: Float32Array;
  readonly offset: number;
  readonly shape: number[];
}
interface LoadOptions {
  readonly threads: number;
  readonly dtype: string;
}

/** The part of our packages that is used here; the built packages are measured, as a user gets them. */
interface ModelPackage {
  readonly ConvBertModel: {
    fromPretrained(
      folder: string,
      options: LoadOptions,
    ): Promise<{ forward(inputs: object): Promise<{ last_hidden_state: NdArray }> }>;
  };
}
interface PipelinesPackage {
  pipeline(
    task: "feature-extraction",
    model: string,
    options: LoadOptions,
  ): Promise<(texts: readonly string[], options: { pooling: "mean" }) => Promise<NdArray[]>>;
}

async function importOurs<Module>(name: string): Promise<{ module: Module; version: string }> {
  const folder = new URL(`../../../packages/${name}/`, import.meta.url);
  const entry = new URL("dist/index.js", folder);
  if (!existsSync(entry)) throw new Error(`packages/${name}/dist is missing; build first: npm run build`);
  const manifest = JSON.parse(readFileSync(new URL("package.json", folder), "utf8"));
  return { module: await import(entry.href), version: `${manifest.name} ${manifest.version}` };
}

const flat = ({ data, offset, shape }: NdArray) => data.subarray(offset, offset + shape.reduce((a, b) => a * b));

async function loadModel({ model: folder, threads, dtype }: LoadRequest) {
  const { module, version } = await importOurs<ModelPackage>("model");
  const model = await module.ConvBertModel.fromPretrained(folder, { threads, dtype });
  return {
    version,
    prepare(inputs: Record<string, { data: number[]; shape: number[] }>) {
      const feeds = Object.fromEntries(
        Object.entries(inputs).map(([key, { data, shape }]) => [key, { data: Int32Array.from(data), shape }]),
      );
      return async () => {
        const output = (await model.forward(feeds)).last_hidden_state;
        return { data: flat(output), shape: output.shape };
      };
    },
  };
}

async function loadPipeline({ model, threads, dtype }: LoadRequest) {
  const { module, version } = await importOurs<PipelinesPackage>("pipelines");
  const extract = await module.pipeline("feature-extraction", model, { threads, dtype });
  return {
    version,
    prepareTexts: (texts: readonly string[]) => async () =>
      stack((await extract(texts, { pooling: "mean" })).map(flat)),
  };
}

await serve((request) => (request.task === "sentences" ? loadPipeline(request) : loadModel(request)));
