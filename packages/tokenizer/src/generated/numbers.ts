// Made by tooling/reference/tokenizer-tables.py. Do not edit.
// Slow: Python 3.11, unicodedata 14.0.0. Fast: tokenizers 0.14.1.

/** What the pre-tokenizer Digits takes for digits. */
export const NUMBERS =
  "S$-G'%($%&LV$-U'-A*-S1-E'-')W&-E'-E'-%)Y&0B'-+*R&-S&**6X&-K&-E'-M%7O,-M%-R<7LB$&N+-)-9-S--O'.X(-)-M)-A&-U'-)-IH$$&))-A*V$%(Y<C%U%9M9A$LT$$T>$<,1&F/'Y'-A$+$2C$-J$2WQH$-S)-K.)M(-I$-A*-9-A&-M1-QB>-P4P$/@%4%D/>G$'@$$+$U'(E*-QD$+<*J$,R%(9)S(%%3%Q$G%,W$%A$&R%(S&+;+L$*U.)S$-M-B$Q(-M$'?'*U'A$O'-C%-C(-*7Z+-E/-E'-I0-Q&-Q&/?26H&-A>@$B+-M%-A2-Q&8BI$Z&LV9-A&-U'-$*M?$:TRC$7/7W&<PJ$U$O?&-A2-Y4-TE$,O'-F?$B%$&$'S%P$$2IE$0NN&-";
