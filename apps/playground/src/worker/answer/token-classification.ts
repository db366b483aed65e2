import { field, type Run } from "./task.js";

export const runTokenClassification: Run<"token-classification"> = async (label, input, options) => {
  const groups = await label(field(input, "text"), { ...options, aggregation_strategy: "first", stride: 32 });
  return groups.filter(({ entity_group: kind }) => kind !== "O");
};
