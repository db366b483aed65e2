import type { Article } from "./squad.ts";

// Questions out of plain text, to learn reading from before there are real ones (after Lewis, Denoyer and Riedel 2019,
// "Unsupervised question answering by cloze translation"): a name, a number or a phrase of a sentence is the answer, some
// of the other words of its sentence, led by a question word, ask for it, and the paragraph is where it has to be found.

/** Words of a paragraph that is put together from sentences. */
const PARAGRAPH_WORDS = 110;
const QUESTIONS_PER_PARAGRAPH = 6;
/** Words of the sentence on each side of the answer that a question may have. */
const REACH = 8;
const MAX_ANSWER_WORDS = 4;

const FUNCTION_WORDS = new Set(
  `a about after all also an and any are as at be been before being but by can could did do does for from had has have he
  her here him his how i if in into is it its me more most my no not of on one only or other our out over own said she so
  some such than that the their them then there these they this those to under up upon was we were what when where which
  who whom whose why will with would yet you your`.split(/\s+/),
);
const DETERMINERS = new Set("a an the his her its their this that these those my our your".split(" "));
const PLACES = new Set("in at from near".split(" "));
const NUMBER =
  /^(?:[$£€]?\d[\d,.]*\d%?|\d%?|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|hundred|thousand|million|billion)$/i;

interface Word {
  /** Without the punctuation around it. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Whether punctuation follows, which no answer goes across. */
  readonly closed: boolean;
}

/**
 * Numbers in [0, 1), the same for the same seed: mulberry32, not the library's generator, since the texts that the
 * published models were trained on hang on it.
 */
export function recipeRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Paragraphs of about {@link PARAGRAPH_WORDS} words of a book, without what Project Gutenberg puts around it. */
export function bookParagraphs(text: string): string[] {
  const body = text.replace(/^.*?\*\*\* ?START OF[^\n]*\n/s, "").replace(/\*\*\* ?END OF.*$/s, "");
  const paragraphs: string[] = [];
  let collected: string[] = [];
  let words = 0;
  for (const sentence of sentencesOf(body.replace(/[\s_]+/g, " "))) {
    collected.push(sentence);
    words += sentence.split(" ").length;
    if (words >= PARAGRAPH_WORDS) {
      if (words < 2 * PARAGRAPH_WORDS) paragraphs.push(collected.join(" "));
      collected = [];
      words = 0;
    }
  }
  return paragraphs;
}

/** An article of paragraphs with up to {@link QUESTIONS_PER_PARAGRAPH} questions each. */
export function clozeArticle(title: string, contexts: readonly string[], random: () => number): Article {
  const paragraphs = contexts.map((context, index) => {
    const sentences = shuffled(sentencesOf(context), random);
    const qas = sentences.flatMap((sentence) => {
      const question = ask(sentence, random);
      // An answer elsewhere in the paragraph as well would be as good, and the question could not tell.
      const start = context.indexOf(sentence);
      return question === null || start < 0 ? [] : [{ ...question, start: start + question.start }];
    });
    return {
      context,
      qas: qas.slice(0, QUESTIONS_PER_PARAGRAPH).map(({ question, answer, start }, number) => ({
        id: `${title}-${index}-${number}`,
        question,
        answers: [{ text: answer, answer_start: start }],
      })),
    };
  });
  return { title, paragraphs: paragraphs.filter(({ qas }) => qas.length > 0) };
}

function sentencesOf(text: string): string[] {
  return text.split(/(?<=[a-z0-9)]{2}[.!?]["'”’]?) (?=["'“‘]?[A-Z0-9])/);
}

function wordsOf(sentence: string): Word[] {
  return [...sentence.matchAll(/[\p{L}\p{N}$£€](?:[^\s—–]*[\p{L}\p{N}%])?/gu)].map(({ 0: text, index }) => {
    const end = index + text.length;
    return { text, start: index, end, closed: !/^ ?[\p{L}\p{N}$£€]/u.test(sentence.slice(end, end + 2)) };
  });
}

interface Span {
  readonly first: number;
  /** Behind its last word. */
  readonly end: number;
  readonly asks: readonly string[];
  /** How much likelier than a common phrase it is chosen. */
  readonly weight: number;
}

/** A question for one span of a sentence, with the answer's place in it; null where nothing can be asked. */
function ask(sentence: string, random: () => number): { question: string; answer: string; start: number } | null {
  const words = wordsOf(sentence);
  if (words.length < 7) return null;
  const spans = spansOf(words);
  let at = random() * spans.reduce((sum, { weight }) => sum + weight, 0);
  const span = spans.find(({ weight }) => {
    at -= weight;
    return at < 0;
  });
  if (span === undefined) return null;
  const kept = (word: Word) => random() < (FUNCTION_WORDS.has(word.text.toLowerCase()) ? 0.6 : 0.85);
  const before = words.slice(Math.max(0, span.first - REACH), span.first).filter(kept);
  const after = words.slice(span.end, span.end + REACH).filter(kept);
  if (before.length + after.length < 4) return null;
  const asking = span.asks[Math.floor(random() * span.asks.length)]!;
  const texts = (list: readonly Word[]) => list.map(({ text }) => text);
  const order =
    random() < 0.6 ? [asking, ...texts(after), ...texts(before)] : [asking, ...texts(before), ...texts(after)];
  const [start, end] = [words[span.first]!.start, words[span.end - 1]!.end];
  return { question: `${order.join(" ")}?`, answer: sentence.slice(start, end), start };
}

/** What can be asked for: names, numbers, and phrases behind a determiner. */
function spansOf(words: readonly Word[]): Span[] {
  const spans: Span[] = [];
  for (let first = 0; first < words.length; first++) {
    const text = words[first]!.text;
    const previous = words[first - 1]?.text.toLowerCase() ?? "";
    const run = (accepts: (word: string) => boolean): number => {
      let end = first;
      while (end < words.length && end - first < MAX_ANSWER_WORDS && accepts(words[end]!.text)) {
        end++;
        if (words[end - 1]!.closed) break;
      }
      return end;
    };
    if (NUMBER.test(text)) {
      const isYear = /^1\d{3}$|^20\d\d$/.test(text);
      spans.push({ first, end: first + 1, asks: isYear ? ["when", "what year"] : ["how many", "how much"], weight: 4 });
    } else if (first > 0 && isName(text)) {
      const end = run(isName);
      const asks = PLACES.has(previous) ? ["where", "what"] : ["who", "what", "which"];
      spans.push({ first, end, asks, weight: 4 });
      first = end - 1;
    } else if (DETERMINERS.has(previous) && !words[first - 1]!.closed && !FUNCTION_WORDS.has(text.toLowerCase())) {
      const end = run((word) => !FUNCTION_WORDS.has(word.toLowerCase()) && !NUMBER.test(word));
      spans.push({ first, end: Math.min(end, first + 3), asks: ["what", "which"], weight: 1 });
      first = end - 1;
    }
  }
  return spans;
}

function isName(word: string): boolean {
  return /^\p{Lu}[\p{L}\p{N}.'’-]+$/u.test(word) && !FUNCTION_WORDS.has(word.toLowerCase());
}

function shuffled<T>(list: readonly T[], random: () => number): T[] {
  return list
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
