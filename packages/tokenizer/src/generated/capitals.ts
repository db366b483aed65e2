// Made by tooling/reference/tokenizer-tables.py. Do not edit.
// Slow: Python 3.11, unicodedata 14.0.0. Fast: tokenizers 0.14.1.

/** All that has another lower case, the same for both, and characters among them that never will. */
export const CAPITALS =
  "H%I@$+$)($$$7$P$+F/%I$DR&I$$$($U<A&QU%N$%&K.S,+)-;+).$$$$$$4;K$+(.(.'/(.(P-$&%)$P$G$E@$=SH%R+@PJ$F&V'?))$(&?$$ZK?$=PN$K$W'G$O(.$2$*$%EF%V$@X&C$SX>C$C@K$E$";
