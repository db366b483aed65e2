import type { ModelName } from "@convbert/heads";
import { OnnxConvBertForMaskedLM } from "./models/masked-lm.js";
import { OnnxConvBertModel } from "./models/model.js";
import { OnnxConvBertForMultipleChoice } from "./models/multiple-choice.js";
import { OnnxConvBertForQuestionAnswering } from "./models/question-answering.js";
import { OnnxConvBertForSequenceClassification } from "./models/sequence-classification.js";
import { OnnxConvBertForTokenClassification } from "./models/token-classification.js";

/** The six models by the reference's class names, as `architectures` in config.json has them. */
export const ONNX_MODEL_CLASSES = {
  ConvBertModel: OnnxConvBertModel,
  ConvBertForMaskedLM: OnnxConvBertForMaskedLM,
  ConvBertForSequenceClassification: OnnxConvBertForSequenceClassification,
  ConvBertForTokenClassification: OnnxConvBertForTokenClassification,
  ConvBertForQuestionAnswering: OnnxConvBertForQuestionAnswering,
  ConvBertForMultipleChoice: OnnxConvBertForMultipleChoice,
} as const satisfies Record<ModelName, unknown>;
