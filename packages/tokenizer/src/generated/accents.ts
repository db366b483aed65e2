// Made by tooling/reference/tokenizer-tables.py. Do not edit.
// Slow: Python 3.11, unicodedata 14.0.0. Fast: tokenizers 0.14.1.

/** What the normalizer StripAccents drops. */
export const ACCENTS =
  "K>?'V,*J,P$$$$%$%$$O%.S$83$P&*%)%%$'F$$A$>F&.A%,E$'$,$&$(N$&G'1$D$Y$&$5$*-%@$&?%$$*%%%&,$-%@$&?%$$('%%&&$A$%&$.&?%$$+$&$&7%@$&?%$$*%%%&+%-%A$$B%(&&$',$K$'A%*$&$'*%.%@$&?%$$*$&$'*%.%@$&A%*$&$',$-%A$%M%$')$$$+5%D%$%*/+M&$%)$%.)Q%%>$$$$$'%T$7$%(.$G$,$O&7:''&$&%*&'0/$$-'B<&UD$&@$&@$%A$%G%C$,$P$&F'%E$$E'/'/V*(@%-$@$%$S$2H%(R$4I$,/&A$0?%1S$7K(&$8'$'&&%A*Y$((S<D$QX&&@($K&C$U6)T&%GLI$'$-C$%W%%S,$&$'$:(C&%U$5=5W$+<0O$'R$1G$$J%1/$+%P$&U$$$&%%(%$$L$((%K++$%?W<$H=333TE$$A+$H((QB%&$%('K$&'$X(%PQ$&X$2?%'P$.L%&G$1E%$/&S$1,&J&/)$S(/8'?%$$*%%%&,$-%%*&(W)5T&7J+*%,>%Y%4U&0P&2VP$+$+Y%9$1DN<(B%*MH$Q$3'IC<%YT)(&)++%*A$'G(&RM%Z$'U$+$1$9($2OS$*$4%*$%$(@V%*X&*PVAG$O+";
