// Made by tooling/reference/tokenizer-tables.py. Do not edit.
// Slow: Python 3.11, unicodedata 14.0.0. Fast: tokenizers 0.14.1.

/** Combining code points that the fast tokenizer knows and does not count among the nonspacing marks. */
export const SURVIVING =
  "S@$%$%VU$1A?)$P&$N%%N5$IY(%NNJ$$W&$VYD$$C'$Z,$S+$&$F9$OU$$DCB%%))@T'*$4%*$%$(DZ%*";
