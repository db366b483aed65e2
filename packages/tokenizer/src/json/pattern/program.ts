import { TokenizerError } from "../../errors.js";
import type { Assertion, Pattern } from "./pattern.js";
import type { CodeSet } from "./sets.js";

/** What a position in the text is asked: one of the fixed questions, or whether another program matches there. */
export type Question = Assertion | { readonly program: Program; readonly ahead: boolean; readonly negative: boolean };

/** One state of a program. Of two ways on, the first is preferred. */
export type State =
  | { readonly kind: "accept" }
  | { readonly kind: "take"; readonly set: number; readonly next: number }
  | { readonly kind: "ask"; readonly question: number; readonly next: number }
  | { kind: "fork"; first: number; second: number };

/** A regular expression as states. */
export interface Program {
  readonly states: readonly State[];
  readonly start: number;
  readonly sets: readonly CodeSet[];
  readonly questions: readonly Question[];
}

/** Room for every real pattern; the work for one character grows with the number of states. */
const MOST_STATES = 1000;
const MOST_PARTS = 50_000;
/** As many answers as a number has bits for. */
const MOST_QUESTIONS = 20;

/** @param reversed for what is to be matched from its end to its begin. */
export function compile(
  pattern: Pattern,
  reversed = false,
  looks: Map<Pattern, Question> = new Map<Pattern, Question>(),
): Program {
  let built = 0;
  const states: State[] = [{ kind: "accept" }];
  const sets: CodeSet[] = [];
  const questions: Question[] = [];

  const add = (state: State): number => {
    if (states.length >= MOST_STATES) throw tooLarge(`more than ${MOST_STATES} states`);
    return states.push(state) - 1;
  };
  const indexIn = <T>(list: T[], item: T): number => {
    const known = list.indexOf(item);
    return known < 0 ? list.push(item) - 1 : known;
  };
  const ask = (asked: Question, next: number): number => {
    const question = indexIn(questions, asked);
    if (question >= MOST_QUESTIONS) throw tooLarge(`more than ${MOST_QUESTIONS} conditions`);
    return add({ kind: "ask", question, next });
  };
  const fork = (inner: number, next: number, greedy: boolean): State => ({
    kind: "fork",
    first: greedy ? inner : next,
    second: greedy ? next : inner,
  });

  /** Adds the states of a part before the state `next`. @returns its first state. */
  function build(part: Pattern, next: number): number {
    if (++built > MOST_PARTS) throw tooLarge(`more than ${MOST_PARTS} parts`);
    switch (part.kind) {
      case "set":
        return add({ kind: "take", set: indexIn(sets, part.set), next });
      case "sequence": {
        const parts = reversed ? part.parts : part.parts.toReversed();
        return parts.reduce((after, inner) => build(inner, after), next);
      }
      case "choice":
        return part.parts
          .map((inner) => build(inner, next))
          .reduceRight((second, first) => add({ kind: "fork", first, second }));
      case "assertion":
        return ask(part.assertion, next);
      case "look": {
        let question = looks.get(part);
        if (!question) {
          const { ahead, negative } = part;
          question = { program: compile(part.part, !ahead, looks), ahead, negative };
          looks.set(part, question);
        }
        return ask(question, next);
      }
      case "repeat":
        return buildRepeat(part, next);
    }
  }

  function buildRepeat({ part, min, max, greedy }: Pattern & { kind: "repeat" }, next: number): number {
    let after = next;
    if (max === Number.POSITIVE_INFINITY) {
      // The part and, after it, itself again or what follows. A round that takes nothing ends the repetition.
      const loop: State = { kind: "fork", first: next, second: next };
      const inner = build(part, add(loop));
      Object.assign(loop, fork(inner, next, greedy));
      if (min > 0) {
        after = inner;
        for (let i = 1; i < min; i++) after = build(part, after);
        return after;
      }
      return add(fork(inner, next, greedy));
    }
    for (let i = min; i < max; i++) after = add(fork(build(part, after), next, greedy));
    for (let i = 0; i < min; i++) after = build(part, after);
    return after;
  }

  const start = build(pattern, 0);
  return { states, start, sets, questions };
}

function tooLarge(problem: string): TokenizerError {
  return new TokenizerError("unsupported", `tokenizer.json: a regular expression is too large: it needs ${problem}`);
}
