export type { AddedToken, AddedTokenInput } from "./added-vocabulary.js";
export { BatchEncoding, type BatchFields, type FieldValue, type IntTensor } from "./batch-encoding.js";
export type { CallOptions, PaddingStrategy, TextInput } from "./call-options.js";
export { Encoding, type Span } from "./encoding.js";
export { TokenizerError, type TokenizerErrorCode } from "./errors.js";
export type { LoadOptions, TokenizerFiles, TokenizerSource } from "./load.js";
export type { DecodeOptions, TokenizerOptions } from "./tokenizer-base.js";
export { ConvBertTokenizerFast, type VocabularyInput } from "./tokenizer-fast.js";
export type { Side, TruncationStrategy } from "./truncation.js";
