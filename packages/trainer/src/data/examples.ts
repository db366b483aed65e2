/** A text, or a pair, with its class, classes or number (text-classification). */
export interface TextExample {
  readonly text: string;
  readonly text_pair?: string;
  /**
   * A class, or how likely each class is, by name (what a teacher said of the text); a list of classes, or of 0 and 1 for each
   * class, where a text can have several; a number for regression. Absent for prediction.
   */
  readonly label?: string | number | readonly (string | number)[] | Readonly<Record<string, number>>;
}

/** Words with a tag each (token-classification). */
export interface TokenExample {
  readonly words: readonly string[];
  /**
   * One for each word: a tag, or how likely each tag is, by name (what a teacher said of the word); "-100" for a word that has
   * none and does not count. Absent for prediction.
   */
  readonly tags?: readonly (string | Readonly<Record<string, number>>)[];
}

/** An answer as SQuAD has it. */
export interface AnswerText {
  readonly text: string;
  /** Its first character in the context, in code points (the files' unit). */
  readonly answerStart: number;
}

/** A question about a context (question-answering). */
export interface QuestionExample {
  readonly id: string;
  readonly title?: string;
  readonly question: string;
  readonly context: string;
  /** Answers that count as right; the first is trained on. None for a question without an answer. */
  readonly answers: readonly AnswerText[];
}

/** A prompt with alternatives to go on (multiple-choice). */
export interface ChoiceExample {
  readonly prompt: string;
  readonly choices: readonly string[];
  /** Index of the right choice, from 0. Absent for prediction. */
  readonly label?: number;
}

/** Text to mask words of (fill-mask). */
export interface PlainExample {
  readonly text: string;
}

/** Texts whose vectors are learnt (sentence-embedding). */
export interface SentenceExample {
  /** One for regression, two for pairs, three where the last is unlike the first. */
  readonly texts: readonly string[];
  /** How alike the two texts are; greater is more. */
  readonly score?: number;
  /** The vector that the text shall have. */
  readonly vector?: Float32Array;
}
