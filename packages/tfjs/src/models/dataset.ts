import type { LayersModel } from "@tensorflow/tfjs-layers";

/** What `fitDataset` takes. */
export type FitDataset<T = unknown> = Parameters<typeof LayersModel.prototype.fitDataset<T>>[0];

/** The same data set, each of its elements made into another; one after the last is none. */
export function mapElements<T>(dataset: FitDataset<T>, element: (value: unknown) => unknown): FitDataset<T> {
  const source = dataset as unknown as {
    iterator(): Promise<{ next(): Promise<{ done: boolean; value: unknown }> }>;
    size: number;
  };
  return {
    size: source.size,
    iterator: async () => {
      const iterator = await source.iterator();
      return {
        next: async () => {
          const { done, value } = await iterator.next();
          return { done, value: value == null ? value : element(value) };
        },
      };
    },
  } as unknown as FitDataset<T>;
}
