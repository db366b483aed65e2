/** How a part of a regular expression is read. */
export interface Flags {
  readonly ignoreCase: boolean;
  readonly dotAll: boolean;
  readonly extended: boolean;
}

/** `(?on-off)`: flags with letters of Ruby's turned on and off. */
export function withFlags(flags: Flags, on: string, off: string): Flags {
  const choose = (letter: string, now: boolean): boolean => (on.includes(letter) || now) && !off.includes(letter);
  return {
    ignoreCase: choose("i", flags.ignoreCase),
    dotAll: choose("m", flags.dotAll),
    extended: choose("x", flags.extended),
  };
}
