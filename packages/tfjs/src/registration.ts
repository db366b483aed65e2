import { serialization } from "@tensorflow/tfjs-core";
import { TFConvBertClassificationHead } from "./layers/classification-head.js";
import { TFConvBertMainLayer } from "./layers/main.js";
import { TFConvBertGeneratorPredictions } from "./layers/masked-lm.js";
import { TFConvBertProjection } from "./layers/projection.js";
import { TFSequenceSummary } from "./layers/sequence-summary.js";
import { TFConvBertChoices, TFConvBertColumn } from "./layers/shapes.js";
import { TFConvBertModel } from "./models/base.js";
import { TFConvBertForMaskedLM } from "./models/masked-lm.js";
import { TFConvBertForMultipleChoice } from "./models/multiple-choice.js";
import { TFConvBertForQuestionAnswering } from "./models/question-answering.js";
import { TFConvBertForSequenceClassification } from "./models/sequence-classification.js";
import { TFConvBertForTokenClassification } from "./models/token-classification.js";

/** The six models by name. */
export const TF_MODEL_CLASSES = {
  TFConvBertModel,
  TFConvBertForMaskedLM,
  TFConvBertForSequenceClassification,
  TFConvBertForMultipleChoice,
  TFConvBertForTokenClassification,
  TFConvBertForQuestionAnswering,
} as const;

/** Layers that a graph of somebody else's can have. */
const LAYERS = [
  TFConvBertMainLayer,
  TFConvBertClassificationHead,
  TFConvBertGeneratorPredictions,
  TFConvBertProjection,
  TFSequenceSummary,
  TFConvBertColumn,
  TFConvBertChoices,
];

// `tf.loadLayersModel` finds classes by the names that are registered here: importing this package is enough.
for (const registered of [...Object.values(TF_MODEL_CLASSES), ...LAYERS]) {
  serialization.registerClass(
    registered as unknown as serialization.SerializableConstructor<serialization.Serializable>,
  );
}
