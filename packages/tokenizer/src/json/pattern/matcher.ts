import type { Program, Question } from "./program.js";
import { isWord } from "./sets.js";

/** The stretches that match, in order, in UTF-16 units. */
export type FindAll = (text: string) => (readonly [from: number, to: number])[];

/** How many sets of states are remembered between texts. */
const REMEMBERED = 10_000;

/**
 * Finds what a backtracking engine finds, in time linear in the text. A pass from the end notes for each position the states
 * from which the pattern can still succeed; then a match is walked from its begin, each time by the preferred state among
 * those, so that no step is ever taken back. (Frisch and Cardelli, Greedy regular expression matching, 2004.)
 */
export function makeMatcher(program: Program): FindAll {
  const analyze = makeAnalysis(program);
  const { states, start } = program;
  const visited = new Int32Array(states.length).fill(-1);
  let round = 0;

  return (text) => {
    const { isLive, holds, takes } = analyze(text, true);

    /** Where the preferred match from a position on ends. */
    function walk(from: number): number {
      let at = from;
      let state = start;
      for (;;) {
        round++;
        const stack = [state];
        let taken = -1;
        while (stack.length > 0) {
          const index = stack.pop()!;
          if (visited[index] === round || !isLive(at, index)) continue;
          visited[index] = round;
          const now = states[index]!;
          if (now.kind === "accept") return at;
          if (now.kind === "fork") stack.push(now.second, now.first);
          else if (now.kind === "ask") {
            if (holds(at, now.question)) stack.push(now.next);
          } else if (takes(at, now.set)) {
            taken = now.next;
            break;
          }
        }
        state = taken;
        at += widthAt(text, at);
      }
    }

    const found: [number, number][] = [];
    let last = -1;
    for (let at = 0; at <= text.length; ) {
      if (!isLive(at, start)) {
        at += widthAt(text, at);
        continue;
      }
      const to = walk(at);
      if (to === at && at === last) {
        // No empty match right behind another.
        at += widthAt(text, at);
        continue;
      }
      found.push([at, to]);
      last = to;
      at = to;
    }
    return found;
  };
}

/** Units of the code point at a position; 1 at the end. */
const widthAt = (text: string, at: number): number => (text.codePointAt(at)! > 0xffff ? 2 : 1);

interface Analysis {
  /** Whether the pattern can succeed from a state at a position. */
  isLive(at: number, state: number): boolean;
  /** Whether a question is answered with yes. */
  holds(at: number, question: number): boolean;
  /** Whether a set has the code point after a position. */
  takes(at: number, set: number): boolean;
}

/** A set of states with the sets that precede it. */
interface Live {
  /** A bit for each state. */
  readonly members: Uint16Array;
  readonly before: Map<number, Live>;
}

const has = (members: Uint16Array, index: number): boolean => ((members[index >> 4]! >> (index & 15)) & 1) === 1;

/** @returns a function that notes the live states of every position; from the end of the text, or from its begin. */
function makeAnalysis(program: Program): (text: string, fromEnd: boolean) => Analysis {
  const { states, sets, questions } = program;
  const count = states.length;
  // The states that lead to one without taking anything.
  const sources: number[][] = states.map(() => []);
  states.forEach((state, i) => {
    if (state.kind === "fork") {
      sources[state.first]!.push(i);
      if (state.second !== state.first) sources[state.second]!.push(i);
    } else if (state.kind === "ask") sources[state.next]!.push(i);
  });
  const takers = states.flatMap((state, i) => (state.kind === "take" ? [{ ...state, index: i }] : []));
  const ask = questions.map(makeAnswer);

  /** Code points that are in the same sets are of one class. */
  const classOf = new Map<number, number>();
  const classes = new Map<string, number>();
  const signatures: Uint8Array[] = [];
  function classify(c: number): number {
    let known = classOf.get(c);
    if (known === undefined) {
      const signature = Uint8Array.from(sets, (set) => (set(c) ? 1 : 0));
      const key = String.fromCharCode(...signature);
      known = classes.get(key);
      if (known === undefined) {
        known = signatures.push(signature) - 1;
        classes.set(key, known);
      }
      classOf.set(c, known);
    }
    return known;
  }

  let known = new Map<string, Live>();
  const none: Live = { members: new Uint16Array((count + 15) >> 4), before: new Map() };

  function step(after: Live, kind: number, bits: number): Live {
    const members = new Uint16Array((count + 15) >> 4);
    const queue: number[] = [];
    const mark = (index: number): void => {
      if (has(members, index)) return;
      members[index >> 4]! |= 1 << (index & 15);
      queue.push(index);
    };
    mark(0);
    if (kind !== OUTSIDE) {
      const signature = signatures[kind]!;
      for (const { set, next, index } of takers) if (signature[set] && has(after.members, next)) mark(index);
    }
    while (queue.length > 0) {
      for (const index of sources[queue.pop()!]!) {
        const state = states[index]!;
        if (state.kind !== "ask" || bits & (1 << state.question)) mark(index);
      }
    }
    const key = String.fromCharCode(...members);
    let live = known.get(key);
    if (!live) {
      live = { members, before: new Map() };
      known.set(key, live);
    }
    return live;
  }

  return (text, fromEnd) => {
    if (known.size > REMEMBERED) {
      known = new Map();
      none.before.clear();
    }
    const { length } = text;
    const answers = ask.map((answer) => answer(text));
    const bitsAt = (at: number): number => {
      let bits = 0;
      for (let k = 0; k < answers.length; k++) if (answers[k]!(at)) bits |= 1 << k;
      return bits;
    };
    const live = new Array<Live>(length + 1).fill(none);
    let current = none;
    let previous = OUTSIDE;
    const enter = (at: number): void => {
      const bits = answers.length > 0 ? bitsAt(at) : 0;
      const key = (previous + 1) * 2 ** MOST_BITS + bits;
      let next = current.before.get(key);
      if (!next) {
        next = step(current, previous, bits);
        current.before.set(key, next);
      }
      current = next;
      live[at] = current;
    };
    if (fromEnd) {
      for (let at = length; ; ) {
        enter(at);
        if (at === 0) break;
        at -= at > 1 && text.codePointAt(at - 2)! > 0xffff ? 2 : 1;
        previous = classify(text.codePointAt(at)!);
      }
    } else {
      for (let at = 0; ; ) {
        enter(at);
        if (at >= length) break;
        previous = classify(text.codePointAt(at)!);
        at += widthAt(text, at);
      }
    }
    return {
      isLive: (at, state) => has(live[at]!.members, state),
      holds: (at, question) => answers[question]!(at),
      takes: (at, set) => at < length && signatures[classify(text.codePointAt(at)!)]![set] === 1,
    };
  };
}

/** The class of what is beyond the ends of the text. */
const OUTSIDE = -1;
/** Answers fit into as many bits. */
const MOST_BITS = 20;

type Answer = (text: string) => (at: number) => boolean;

function makeAnswer(question: Question): Answer {
  if (typeof question === "object") {
    const { program, ahead, negative } = question;
    const analyze = makeAnalysis(program);
    return (text) => {
      const { isLive } = analyze(text, ahead);
      return (at) => isLive(at, program.start) !== negative;
    };
  }
  const isLineEnd = (text: string, at: number): boolean => at === text.length || text[at] === "\n";
  switch (question) {
    case "text-start":
      return () => (at) => at === 0;
    case "text-end":
      return (text) => (at) => at === text.length;
    case "last-line-end":
      return (text) => (at) => at >= text.length - 1 && isLineEnd(text, at);
    case "line-start":
      return (text) => (at) => at === 0 || (at < text.length && text[at - 1] === "\n");
    case "line-end":
      return (text) => (at) => isLineEnd(text, at);
    case "boundary":
      return (text) => (at) => touchesOne(text, at);
    case "no-boundary":
      return (text) => (at) => !touchesOne(text, at);
  }
}

/** Whether just one of the characters on both sides is one of a word. */
function touchesOne(text: string, at: number): boolean {
  const before = at > 1 && text.codePointAt(at - 2)! > 0xffff ? at - 2 : at - 1;
  return (before >= 0 && isWord(text.codePointAt(before)!)) !== (at < text.length && isWord(text.codePointAt(at)!));
}
