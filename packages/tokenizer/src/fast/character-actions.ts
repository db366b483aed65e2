/**
 * What the scanner does at a code point. Below {@link SPACE} the action is a code point, a character of a word; 0 is not
 * worked out yet. Above, the low bits hold a code point or an index.
 */
export const SPACE = 1 << 24;
export const DROP = 2 << 24;
/** A word of its own. */
export const ALONE = 3 << 24;
/** Several actions, one after the other: the low bits are the index of the list in {@link CharacterActions.lists}. */
export const LIST = 4 << 24;
/** A combining code point that survives: its neighbours decide where it goes, so the text is normalized as a whole. */
export const ENTANGLED = 5 << 24;

/**
 * The action for each code point under one normalizer and pre-tokenizer: worked out when the code point is first met and
 * kept in pages of 256, so that the scanner normalizes, splits and looks up in one pass.
 */
export class CharacterActions {
  /** The page of ASCII, complete from the start. */
  readonly ascii = new Int32Array(128);
  readonly lists: Int32Array[] = [];
  readonly #pages: (Int32Array | undefined)[] = [];
  readonly #make: (codePoint: number) => readonly number[] | undefined;

  /** @param make actions for a code point by itself; undefined where it depends on its neighbours. */
  constructor(make: (codePoint: number) => readonly number[] | undefined) {
    this.#make = make;
    for (let c = 0; c < 128; c++) this.ascii[c] = this.#compute(c);
  }

  /** The action for any code point. */
  of(codePoint: number): number {
    let page = this.#pages[codePoint >> 8];
    if (!page) {
      page = new Int32Array(256);
      this.#pages[codePoint >> 8] = page;
    }
    const known = page[codePoint & 255]!;
    if (known !== 0) return known;
    const action = this.#compute(codePoint);
    page[codePoint & 255] = action;
    return action;
  }

  #compute(codePoint: number): number {
    const actions = this.#make(codePoint);
    if (!actions) return ENTANGLED;
    if (actions.length === 0) return DROP;
    if (actions.length === 1) return actions[0]!;
    if (actions.length === 3 && actions[0] === SPACE && actions[1]! < SPACE && actions[2] === SPACE) {
      return ALONE + actions[1]!;
    }
    this.lists.push(Int32Array.from(actions));
    return LIST + this.lists.length - 1;
  }
}
