// Made by tooling/reference/tokenizer-tables.py. Do not edit.
// Slow: Python 3.11, unicodedata 14.0.0. Fast: tokenizers 0.14.1.

/** All that the normalizer NFKD decomposes, Hangul syllables aside, and characters among them that never will be. */
export const COMPATIBLE =
  "S(X<(((*$$$&<?/@($M(I)H8Z$V&%2%$$Z%$%$E$&%$H+$%%2%Y$$X$&J'$F'$)%$%M'&@((?&$N'$K$%Q$?%,@$,D$,@$W&$P*$TF&E%K4M4%)%I$%)%+$$$$$$$B$%X$$2$1%)$6%&$,$K&3%%>$0.$B&Y'3H1@.HB%V1%P+$V-@&/Q*M$B%4P%)P&T$I&&1K&B$$Z*$C,WJH$%M*$V'%YA$'SH<A0%U&I$*/((=$($$$%$%$W&D$X2%Y$K$M$9F$$6$''($V''U)&)%)%)%&&*$*JK(5Q'%F6%A0'Z+%MFD%N&N7@&$N%$%%$%%%'$/$$$*$H%$'%+$*$?$$'$($$&*$C/%K-%U$CD*'$>$%$$%$$-$'$$$$)$'$$$$$$&$%$$%$$$$$$$$$$%$$%'$*$'$'$$$-$4(&$($4S7W&G$$Z&&0O$',*%MK@&I6";
