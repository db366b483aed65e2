import { CONVBERT_CONFIG_FIELDS, FIELD_NAMES } from "./config-fields.js";

/**
 * A JSON schema (draft 2020-12) of `config.json`, from the table of fields, for editors and other programs. It says what each
 * field may be; what fields have to do with each other only {@link ConvBertConfig.fromJSON} checks. Further fields are allowed.
 */
export function convBertConfigSchema(): Record<string, unknown> {
  const properties = FIELD_NAMES.map((name) => {
    const { fallback, rule } = CONVBERT_CONFIG_FIELDS[name];
    return [name, { ...rule.schema, default: fallback }] as const;
  });
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "ConvBertConfig",
    type: "object",
    properties: {
      model_type: { enum: ["convbert", "conv_bert"] },
      num_labels: { type: "integer", minimum: 0 },
      ...Object.fromEntries(properties),
    },
  };
}
