import { type FileSet, type OpenFilesOptions, openFiles } from "@convbert/files";
import { SHIPPED } from "../shipped.js";
import type { ModelRef } from "./protocol.js";

const kept = new Map<string, Readonly<Record<string, Blob>>>();

/** Files by their names within the folder that they were dropped in, for later requests. */
export function keepFiles(id: string, title: string, files: Readonly<Record<string, Blob>>): ModelRef {
  kept.set(id, files);
  return { kind: "files", id, title };
}

/** A model with what another worker needs to open it. */
export interface SharedModel {
  readonly model: ModelRef;
  readonly files?: Readonly<Record<string, Blob>> | undefined;
}

export function share(model: ModelRef): SharedModel {
  return model.kind === "files" ? { model, files: kept.get(model.id) } : { model };
}

/** Takes in what another worker has shared. */
export function adopt({ model, files }: SharedModel): ModelRef {
  if (model.kind === "files" && files !== undefined) kept.set(model.id, files);
  return model;
}

/** A name for the model in the worker's tables. */
export function keyOf(model: ModelRef): string {
  switch (model.kind) {
    case "shipped":
      return `shipped ${model.name}`;
    case "address":
      return `address ${model.address}`;
    default:
      return `files ${model.id}`;
  }
}

/** Opens a model's files; close the set. */
export async function openModel(model: ModelRef, options: OpenFilesOptions = {}): Promise<FileSet> {
  if (model.kind === "address") {
    return openFiles(model.address, { ...options, retries: 2 });
  }
  if (model.kind === "files") {
    const files = kept.get(model.id);
    if (files === undefined) throw new Error("The files are no longer here; choose them again.");
    return openFiles(files);
  }
  const names = SHIPPED[model.name];
  if (names === undefined) {
    throw new Error(
      `No model called ${model.name} comes with this page; there are ${Object.keys(SHIPPED).join(", ")}.`,
    );
  }
  // The page is one folder above the worker's script.
  const set = await openFiles(new URL(`../models/${model.name}/`, location.href), { ...options, retries: 2 });
  return {
    location: set.location,
    has: async (name) => names.includes(name),
    list: async () => [...names],
    open: (name) => set.open(name),
    readText: (name, whole) => set.readText(name, whole),
    readBytes: (name, whole) => set.readBytes(name, whole),
    close: () => set.close(),
  };
}
