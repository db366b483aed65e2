import type { Random } from "./seeded.ts";

const VALUES = [
  "null",
  "true",
  "false",
  "0",
  "-1",
  "1",
  "2",
  "3",
  "0.5",
  "1e9",
  "1e999",
  "16777216",
  "30000000",
  "9007199254740993",
  '""',
  '"x"',
  '"gelu"',
  '"\\u001b[2J"',
  '"__proto__"',
  "[]",
  "{}",
  "[null]",
  "[[[1]]]",
  '{"toString":null}',
  '{"0":null}',
  '{"0":{"valueOf":null}}',
  '{"__proto__":1}',
  '{"length":-1}',
  `"${"y".repeat(5000)}"`,
  "[".repeat(300) + "]".repeat(300),
];

const KEYS = [
  "__proto__",
  "constructor",
  "toString",
  "num_labels",
  "id2label",
  "label2id",
  "extra",
  "0",
  "",
  "quantization_config",
];

/** A JSON object with one to three of its fields, or of what is in them, replaced, left out or added; now and then broken. */
export function hostileJson(text: string, random: Random): string {
  const fields = new Map(
    Object.entries(JSON.parse(text) as object).map(([key, value]) => [key, JSON.stringify(value)]),
  );
  for (let turn = 1 + random(3); turn > 0; turn--) {
    const keys = [...fields.keys()];
    const key = keys[random(keys.length)] ?? "a";
    switch (random(6)) {
      case 0:
        fields.delete(key);
        break;
      case 1:
        fields.set(KEYS[random(KEYS.length)]!, VALUES[random(VALUES.length)]!);
        break;
      case 2: {
        // What is in the field, not the field.
        const inner = fields.get(key) ?? "null";
        fields.set(
          key,
          inner.replace(
            /:[^,}]+|\[[^\]]*\]|\d+/,
            (part) => (part[0] === ":" ? ":" : "") + VALUES[random(VALUES.length)]!,
          ),
        );
        break;
      }
      case 3:
        fields.set(key, fields.get(keys[random(keys.length)] ?? key) ?? "1");
        break;
      default:
        fields.set(key, VALUES[random(VALUES.length)]!);
    }
  }
  const json = `{${[...fields].map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(",")}}`;
  return random(20) === 0 ? json.slice(0, random(json.length)) : json;
}
