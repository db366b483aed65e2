export * from "@convbert/heads";
export * from "@convbert/model";
export * from "@convbert/pipelines";
export * from "@convbert/tokenizer";
export { type EmbeddedTask, embeddedModel } from "./embedded.js";
