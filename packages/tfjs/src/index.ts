export type { FirstInput, TensorInput, TFConvBertInputs } from "./inputs.js";
export { TFConvBertClassificationHead } from "./layers/classification-head.js";
export { TFConvBertMainLayer } from "./layers/main.js";
export { type TFBaseModelOutput, TFConvBertModel } from "./models/base.js";
export type { CompileArgs } from "./models/keras.js";
export type { LabelInput } from "./models/labels.js";
export { TFConvBertForMaskedLM, type TFMaskedLMInputs, type TFMaskedLMOutput } from "./models/masked-lm.js";
export {
  TFConvBertForMultipleChoice,
  type TFMultipleChoiceInputs,
  type TFMultipleChoiceModelOutput,
} from "./models/multiple-choice.js";
export { TFConvBertPreTrainedModel, type TFModelClass } from "./models/pretrained.js";
export type {
  TFEncoderOutputs,
  TFFromConfigOptions,
  TFFromPretrainedOptions,
  TFSavePretrainedOptions,
} from "./models/pretrained-options.js";
export {
  TFConvBertForQuestionAnswering,
  type TFQuestionAnsweringInputs,
  type TFQuestionAnsweringModelOutput,
} from "./models/question-answering.js";
export {
  TFConvBertForSequenceClassification,
  type TFSequenceClassificationInputs,
  type TFSequenceClassifierOutput,
} from "./models/sequence-classification.js";
export {
  TFConvBertForTokenClassification,
  type TFTokenClassificationInputs,
  type TFTokenClassifierOutput,
} from "./models/token-classification.js";
export { TF_MODEL_CLASSES } from "./registration.js";
