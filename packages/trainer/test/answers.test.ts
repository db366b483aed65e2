import { describe, expect, test } from "vitest";
import { AnswerCollector, type QuestionExample, questionAnsweringCollator, TrainerOptionError } from "../src/index.js";
import golden from "./fixtures/batches.json" with { type: "json" };
import { left, right } from "./tokenizer.js";

const examples: QuestionExample[] = golden.questions[0]!.examples;

/** Logits that are sure of one token. */
const peak = (length: number, at: number, height = 10): number[] =>
  Array.from({ length }, (_, i) => (i === at ? height : 0));

describe("answers out of logits", () => {
  test.each([right, left])("logits that point at the labels give the answers", (tokenizer) => {
    const { windows } = questionAnsweringCollator(tokenizer, { maxLength: 48, stride: 16 }).collate(examples);
    const collector = new AnswerCollector({ allowNoAnswer: true, maxAnswerLength: 60 });
    for (const window of windows) {
      // A window with the answer is surer than the others are of having none.
      const height = window.startPosition === window.clsIndex ? 5 : 10;
      const logits = (at: number): number[] => peak(window.input_ids.length, at, height);
      collector.add(window, logits(window.startPosition), logits(window.endPosition));
    }
    const answers = collector.answers();
    expect(answers.map(({ example }) => example)).toEqual(examples);
    for (const { example, text, noAnswerScore } of answers) {
      const [answer] = example.answers;
      const held = windows.some((window) => window.example === example && window.startPosition !== window.clsIndex);
      expect(held).toBe(answer !== undefined);
      if (!held) {
        expect([text, noAnswerScore > 0]).toEqual(["", true]);
      } else {
        // Two answers end within a word: the token that holds their end is theirs.
        const cut: Record<string, string> = { "4": "s", "7": "nown" };
        expect(text).toBe(answer!.text + (cut[example.id] ?? ""));
        expect(noAnswerScore).toBeLessThan(0);
      }
    }
  });

  const collator = questionAnsweringCollator(right);
  const example = { id: "1", question: "who", context: "Ann met Bob and Carl in town", answers: [] };
  const [window] = collator.windows([example]);
  const length = window!.input_ids.length;
  const word = (text: string): number => window!.contextStart + example.context.split(" ").indexOf(text);
  const logits = (values: Record<string, number>): number[] => {
    const row = new Array<number>(length).fill(-5);
    for (const [text, value] of Object.entries(values)) row[text === "[CLS]" ? 0 : word(text)] = value;
    return row;
  };
  const answer = (start: Record<string, number>, end: Record<string, number>, options = {}) => {
    const collector = new AnswerCollector(options);
    collector.add(window!, logits(start), logits(end));
    return collector.answers()[0]!;
  };

  test("the best pair counts, not the best start and the best end", () => {
    expect(answer({ Bob: 3, Ann: 2 }, { Ann: 3, Carl: 2 })).toMatchObject({ text: "Bob and Carl", score: 5 });
    // The best end stands before the best start, and "Ann" alone is as good; the first of equals stays.
    expect(answer({ Bob: 9 }, { Ann: 9, Bob: 1 }).text).toBe("Bob");
    expect(answer({ Ann: 9 }, { town: 9, met: 1 }, { maxAnswerLength: 3 }).text).toBe("Ann met");
  });

  test("no answer wins by the threshold, where it is allowed", () => {
    const sure = [
      { "[CLS]": 4, Bob: 3 },
      { "[CLS]": 4, Bob: 3 },
    ] as const;
    expect(answer(...sure).text).toBe("Bob");
    expect(answer(...sure, { allowNoAnswer: true })).toMatchObject({ text: "", noAnswerScore: 2 });
    expect(answer(...sure, { allowNoAnswer: true, noAnswerThreshold: 2 }).text).toBe("Bob");
    expect(answer(...sure, { allowNoAnswer: true, noAnswerThreshold: 1.9 }).text).toBe("");
  });

  test("the question and special tokens are never an answer", () => {
    const collector = new AnswerCollector();
    collector.add(window!, peak(length, 1), peak(length, length - 1));
    expect(collector.answers()[0]!.text).not.toContain("who");
    const [empty] = collator.windows([{ ...example, context: "" }]);
    const none = new AnswerCollector();
    none.add(empty!, [1, 2, 3, 4], [1, 2, 3, 4]);
    expect(none.answers()).toMatchObject([{ text: "", noAnswerScore: Number.POSITIVE_INFINITY }]);
  });

  test("options out of range", () => {
    expect(() => new AnswerCollector({ candidates: 0 })).toThrow(TrainerOptionError);
    expect(() => new AnswerCollector({ maxAnswerLength: 1.5 })).toThrow(TrainerOptionError);
  });
});
