// Made by tooling/reference/tokenizer-tables.py. Do not edit.
// Slow: Python 3.11, unicodedata 14.0.0. Fast: tokenizers 0.14.1.

/** All that the fast tokenizer decomposes, Hangul syllables aside, and characters among them that never will be. */
export const DECOMPOSABLE =
  "W)T;,$))$$$&<?/O-I)H8Z$V&%2%$$Z%$%$E$&%$H+$%%2%Y$$X$&J'$F'$)%$%M'&@((S/$,@$,D$,@$W&$JN&E%?<Y,%)%I$%)%+$$$$$$$B$%X$$2$1%)$6%&$+%%K-)Y&H1HM%$RT$P%,L&PGH%A0%U&J%=$($$$%$%$,RY)5Q'%F6%A0'Z+%MFD%N&FAK&I6";
