import type { FromPretrainedOptions } from "@convbert/model";
import { abortSignal, callback, count, flag, type OptionRule, type OptionRules, orDefault, text } from "./options.js";

const number: OptionRule = { form: "a number", accepts: (value) => typeof value === "number" && !Number.isNaN(value) };
const record: OptionRule = {
  form: "an object",
  accepts: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};

const source: OptionRule = {
  form: "a folder, an address, a hub id or files",
  accepts: (value) => typeof value === "string" || (typeof value === "object" && value !== null),
};

/** What loading a model takes; values are looked into where they are used. */
export const LOADING_RULES: OptionRules<FromPretrainedOptions> = {
  activationBits: number,
  allowNewHead: flag,
  allowNewWeights: flag,
  backend: text,
  baseModel: source,
  cacheDirectory: text,
  config: record,
  dtype: text,
  endpoint: text,
  fetch: callback,
  ignoreMismatchedSizes: flag,
  maxFileSize: number,
  offline: flag,
  onProgress: callback,
  onWarning: callback,
  retries: count(0),
  retryDelay: number,
  revision: orDefault(text),
  seed: count(0),
  signal: abortSignal,
  threads: count(1),
  timeout: number,
  token: orDefault(text),
  useSafetensors: orDefault(flag),
  variant: orDefault(text),
  wideVectors: flag,
};
