// Made by tooling/reference/tokenizer-tables.py. Do not edit.
// Slow: Python 3.11, unicodedata 14.0.0. Fast: tokenizers 0.14.1.

/** The slow tokenizer's classes: runs of equal class, length times 5 plus class: 0 other, 1 control, 2 space, 3 punctuation, 4 nonspacing mark. */
export const CLASSES =
  "Q$/.*F&*U%U$I$Q'D$Q':Y(*+<+2+()K$02+2+WQ&C7K$.7+(82+2)()O&)?K$@$?A$)U).(D$H*0.2)D++,+1+1+,L$V'870A&20(0-B%+)5R*X&U$:-,R4+(J$)(E$-1(;E&P%.(,I(Z'.X2B%(N%R*T$25(.,G';(T$(6(@$.U%)L'6.+)Z$=N(Q$O$M*K')W(V,,(,7O$7,2J$U$10U$+W%,-)K$.-.Y&)F$)(37.,7;.-.-,(L$(8-)21.B'+,.1()A$8-.Y&)F$)-)-)-.,)2181.63,G$7)(G$U$12,+V$1()P$)2)Y&)F$)-)<.,7@$)1()-,.(S%-1.U$+(G$(E$),-)K$.-.Y&)F$)-)<.,-,(;.-.-,G$1(8-)21.E&V$,()A$32)73-)()-3-323C%8-,-32)2,.(B$(N%T&=,2,K$)2)B')W%.,(67)6);G$1)2.(.-1.U$G$+P$,-+K$)2)B')U$)<.,-,<),-)-1G$-B$-)-1.U$)-I%1Z$)2)H*17;)2)2,-8M%1.Q'),-)E&3G')P$)(.F$3,826),)K$B$U$.-+D%O+,-J$8K$O$+U$0Q)-)()<)G')()U$,-T$(.<)()E$.U$.7T(7U%(+21V',(,(,:U$)K)8Q%(@$+1<B%)O))K$,A$)-?$70Q)@+;(E$(1-1Z$D$K$176W%;H%,-1A$,R%,C*)(=(.R*+LB%)7.F$)()7.H*)7.X()7.F$)()7.R%)D-)7.Z..6S$O&3Q'B$I2.A$.+XY&+@&*Q'03J05Z$G$E&6(Q$J&1(0Q$E&1D%H%)2)1D%G,1(J$K$,-B%5(5-,.U$B$U$B$A%6),U$B$X2G$<1A),(=M/V$N()67128-,A$68(30C*.<?%W*8Q'B$Z$3D-1-,.0Q,,(J$),(,-O$A$Y$.,U$B$U$B$I$(D$.Q%(?&U+;O+,(@$(,<,U$3U$I$U$T$P$0)1S(;-1(6?-,(12,(6-L$:W*O$-13?$U$3T+0P$G$R*.2N$L$6+L%(J$7,A$,21(=GE$O.QT$.A$.U).A$.K$)()()()N(.L,)R%)M%.A$)J&.2)P$)@%=J'-=*R&(K%(F%*X%-.P$0M%0)H%3X(S%L%7,2G%S%?<8CJ%:D(0?P$M'Z$U&OY'P%B10N(X$ZN%@'F.:S(0UI%.S()KD%6-=:(0U))(=(.?-G$(+N%,B'Q$F$)F$)F$)F$)F$)F$)F$)F$)W(M+(V(-F%B)Q')X2D%EI$R'C%8*57X$-F%U$;-+C%+-)I2.1<+A3+7=R*)U3)?2D%J+)XUQ)3V,Q$E+0@S$5?(P&J+,2+Y$+N(1G11D$L$FG$=-)()<H'W%,2,7,L'1<,3U$B$G,:L$C/1L$0U$B$I&A$5(+-,U)O$0B'B%-?%+D(36O+,-;-12K%)Z$80<,L')H*E$-1-1Q$2,K$,(.U$.:?(,B,,(6-1<1(,(H'20C%1-07,V$A$.A$.A$Q$F$)F$)S-8X7,-,-+(,.U$B$?FN%D%B'8T+HXX$IH%.Y5V)F$D%<=(,G')<)()-)-)H9X%VG%0G1.Q,G$(T(W%?&X$B$?&I))P%(+2)+(08<)B;85(D$(:U$020Q'5(+V'+(+(I$X23A$.A$.A$.23F$)F$I%(3C%)Q')J&)-)R%.M%B)Z8=58@+3S2)H%3(K+@+,F:D(3T+S%,V'8K)Q$I(=U)@$=I()+K)8K$+<N*E?$.U$B$K)8K)8C*L$G,?%+Z$)R%)F$)-)Z$)R%)F$)-?/NZ$Q$Y&V$K$H'A$)M*)P$I/A$.()W*)-3(.B')+R/L$P$P+J&)-=X(3+Q'=+L.?-8O&.J+6)1=;7)2)D(.68,P$G$S$G$N(+S(T(P)18<I$Q$Q,3I$Y&.V'=Q'G$:D%F$H1@0W,B,I%B,G$M*;L$U$NW$N()M*)1+.-Z0C*L$Y&B%7?$Z&E&;:V)?(P&B'Q$(,Q,V%I$8I(,-1(Q$6T+;-10):,I%L'G$U$B$6K)@$(O$)U$:7L$F),0(Q$1G,T$A$:;+(,Z$+(5)O&?%E&)?(6-,(1D$,Q.F$)()7)R%)U$+B$J+,2O$=U$B$1-)K$.-.Y&)F$)-)<)12,7.-.2.(B$(=F$.J$3@$W;?-O$-6(,7?$U$0)+,2J(B,E$(,71(1-+(L$U$R@$Y+;.71(1E'71B)B,O$-,(15(?%U$B$K%K&R*,(,-E$(,(+B$U$R,V'.6-;(@$8C%5K$AD$J+T$(1+X4V1D%K$.(.K$)-)I()-.1(,7,5Q$U$N/K$.M*;.17,(+-W'(Y$C*E$-;N$,L$(E$-6E+L%(15(?$I%@0?R$P$)U)J$)E$(,(?$V$D(30I(.A')(J$(1(1A0F$)-)U)E$3,)1)J$(,L$U$B$A$)-)P))1)-,(,(G$U$JZ$J&1-0SC$(S%Y+I%+QW(F5V6)?$?%?F$TU3H40I%FV)AV<BS&Q@Z$PP&G$N()U$80B1)U$B$I(.@$+V$O+J$?$K$+(V$U$)F$)T&=J&XI'N2:A5J08,?-G$;H%L.-+(,?%-N%SBJ$L$AX*N*P$OZ?%7)F$)-)ZV$A+2A&7L$SM%DS1B6=H%3P$G$U$.(1+@?A$I+.F'Q$S7T-YN$V$Z).A.6P$L$O$-J$I(;X-U&U.6(N>O&D%N2Q$L'C;D2)R/)-.(.-.7)C%)()F$)P.)7.K$)F$)?()7)<)(3F$)SC%.CW$.IO&Z,7A,K$,M%,-?$S%@$)V%D@*N(EK$J$)D&.J$)1)@$AI$@+3J$F$.U$8-D@%I(,A&W*;U$=(XY*F$)7)-)R%)DF$.P$J$I*C/J$(8U$80E?(C/P0X-RE$7)V')-)(.()U$)7)()(B$(8()()()2)-)(.()()()()()-)(.7)F$)7)7)()U$)@&=2)<)@&H,-FS$W*8W4D%R%.R%)R%)P)V$AB$@-D(I%W*8P$G$-N%A$N>SF)=W%3H%3S7D%X2G$C%8(S%C%8?-L$U$B$C*L$I(.-Z0SC%D%M%.<3<3F$Q$D(3Z$=A$V$U$B$K$L$F$Q$F=)V,Q)U$ZN)OKS,T(PL=G$QJ$.YSG$N%LQR$CU6UK&ZO,ZLB$ERBV(?N$@SQO$";

/** What the fast tokenizer drops as control: assigned code points only. */
export const FAST_CONTROL =
  "#,%%$5J&D$0$QS$)9$W)$T$$IN($?P%(=(T$($-GYB%ST-VY$$X+&$$BL($MB?%'FU)+EGIG$$A$K&?KZ%MOZ%%MOZ%";

/** Punctuation to the one tokenizer and not to the other. */
export const FAST_PUNCTUATION =
  "XZ$$JF$$G'$G5$/$OE&$FQ$%OB)0%/VEP%$Z((O$'N7$X9(-%$$I50S%$T0$K,&N($G&+Z%&$(U1(M$%@:%I,$TD(%SK7'R.$RQJ$%";

/** Nonspacing marks to the one tokenizer and not to the other. */
export const FAST_MARKS =
  "S@$%$%CN$$M(+M$;C-$Z+)@&$E)$Z$$.$N)$A%%K%$C.$O)$$%$$+$4$,$'$'$'$/$IK%$U*$D'%G73V?$)KBP$$K($@%$T)$UKC$'V0%L(.T$'I+$%%T%$V&%L($($Y&$?,$?,+%&$$:$WE$,$%C,%$$'$C('%%'$C$-K$)%'+$,)%&Q$0$%M1*$)$$Y%9%*$%$%I')&$$%$*$$O%%&$$$J/%QE=$G($N@B$Q$%:XK(*$4%*$%$(H,*J0$D%'W@%*";

/** Combining to the slow tokenizer, unknown to the fast one. */
export const FAST_NOT_COMBINING =
  "@P%$M(+M$-Q-$L7$A,%P0$IS%$LD$3V?$(LBP$$BZC$'V0%L(.T$'I+$M<$I-$EF$%E,%'$O($Z%$5$X%$G;$$%X%$WW=%IZG$*J0$D%'";
