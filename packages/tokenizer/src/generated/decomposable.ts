// Made by tooling/reference/tokenizer-tables.py. Do not edit.
// Slow: Python 3.11, unicodedata 14.0.0. Fast: tokenizers 0.14.1.

/** What the fast tokenizer decomposes, Hangul syllables aside. */
export const DECOMPOSABLE =
  "W))$,$)%(%)$,$)%($4%7%,&'$)')&)%5%:D$%0%?$3$)%.&%%G$%%)1O,%$%R$$,$))$$$&<*<('%N$%$$&$'&-$B$$9%$$&$'&:%P%%0'%%%)%)%/%%O-(L($$$3$H8$*$%$F$+V&%2%$$Z%$%$E$&%$H+$%%2%Y$$X$&J'$F'$)%$%M'&@($$&S/$,$'$'$'$/$,$$%$$+$4$,$'$'$'$/$W&$JN&$$$$$$$$$&$K$$$$%%$$?<M($$'E&)9%)%I$%)%+$$$$$$$B$%X$$*$$%'$1%)$6%&$+%%K-$&%Y&%5$A$&W$$'$%$:$$$=$%$%$$$9$$$-(%%%%)%%%%%E$'S$')'B%%HM%$RT$$$$$$$$$$$$$$$$$$$$$$$$%$$$$$)%$%$%$%$%9$,$0$$$$$$$$$$$$$$$$$$$$$$$%$$$$$)%$%$%$%$%9$%'&$PGH%Q,%$$$%-$$$$%%&K%%U&J%$$$-0$($$$%$%$,RY)$$$1$Q'%F6%A0%$$Z+%MFD%*A&)FAK&I6";
