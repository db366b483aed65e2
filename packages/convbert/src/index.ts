export * from "@convbert/heads";
export * from "@convbert/model";
export * from "@convbert/pipelines";
export * from "@convbert/tokenizer";
export { EMBEDDED_MODELS, type EmbeddedModel, type EmbeddedTask, embeddedModel } from "./embedded.js";
