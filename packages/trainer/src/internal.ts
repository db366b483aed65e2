// For the packages of this repository alone: not for users, and it changes without notice.
export { tagShares } from "./collate/labels.js";
export { wordTags } from "./collate/token-classification.js";
export { locationOf } from "./data/location.js";
export { epochOrder } from "./data/random.js";
export { argmaxRows } from "./metrics/classification.js";
export { chunkSpans } from "./metrics/entities.js";
export { namedLabels } from "./tasks/fine-tune.js";
export { TASKS } from "./tasks/table.js";
export type { PreparedTask, Splits, TaskContext, TrainableClass } from "./tasks/task.js";
