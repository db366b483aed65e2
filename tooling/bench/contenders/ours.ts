import { existsSync, readFileSync } from "node:fs";
import { serve } from "./serve.ts";

const packageFolder = new URL("../../../packages/model/", import.meta.url);

/** The part of @convbert/model that is used here; the built package is measured, as a user gets it. */
interface Model {
  forward(inputs: object): Promise<{ last_hidden_state: { data: Float32Array; offset: number; shape: number[] } }>;
}
interface ModelPackage {
  ConvBertModel: { fromPretrained(folder: string, options: { threads: number; dtype: string }): Promise<Model> };
}

await serve(async ({ model: folder, threads, dtype }) => {
  const entry = new URL("dist/index.js", packageFolder);
  if (!existsSync(entry)) throw new Error("packages/model/dist is missing; build first: npx pnpm build");
  const { ConvBertModel }: ModelPackage = await import(entry.href);
  const model = await ConvBertModel.fromPretrained(folder, { threads, dtype });
  const { name, version } = JSON.parse(readFileSync(new URL("package.json", packageFolder), "utf8"));
  return {
    version: `${name} ${version}`,
    prepare(inputs) {
      const feeds = Object.fromEntries(
        Object.entries(inputs).map(([key, { data, shape }]) => [key, { data: Int32Array.from(data), shape }]),
      );
      return async () => {
        const { data, offset, shape } = (await model.forward(feeds)).last_hidden_state;
        return { data: data.subarray(offset, offset + shape.reduce((a, b) => a * b)), shape };
      };
    },
  };
});
