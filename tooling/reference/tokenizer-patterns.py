"""Writes packages/tokenizer/test/fixtures/patterns.json: what the reference's regular expressions find.

    python tooling/reference/tokenizer-patterns.py        (tokenizers 0.14.1)

A case is a pattern, a text, and the text with "<>" for each match; or the message where the reference refuses the pattern.
"""
import json
import os
import pathlib

os.environ["RUST_BACKTRACE"] = "0"

from tokenizers import Regex, normalizers

cases = []
for p,t in [("^a","aba\na"),("a$","aba\na"),("a$","a\n"),(r"\Aa","a\na"),(r"a\z","a\na"),(r"a\Z","a\na\n"),(".","a\nb"),("(?m).","a\nb"),("(?s).","a\nb"),("(|a)*","aab"),("(a*)*","aab"),("(a|b*)*c","aabbc"),("a*","baac"),("a++b","aab"),("a{2}+","aaaaa"),("a{,2}","aaa"),("a{2,}","aaaa"),("a{","a{"),("a{x}","a{x}"),("(?<n>a)","a"),("(?P<n>a)","a"),(r"(a)\1","aa"),("(?>a|ab)c","abc"),("(?<=a)b","ab"),("(?<!a)b","abb"),("(?=ab)a","abac"),("(?!ab)a","abac"),("(?<=a*)b","ab"),("(?<=a|bc)x","axbcx"),(r"\ba","a ba é"),(r"\Ba","a ba"),("(?#x)a","a"),("(?x) a b # c","ab"),("a|","ba"),("[]a]","]a"),("[a-]","-a"),("[a","a"),("[[a]b]","ab"),("[\\]]","]"),("[^\\s]","a b"),("a**","aaa"),("a?+b","ab"),("a??","a"),("a{1,2}?","aa"),("(?i:AB)c","abc"),("a(?i)b|c","aBC"),("(?-i)a","a"),(r"\t\n\r\f\v\a\e","\t"),(r"\0","\0"),(r"\012","\n"),(r"\cA","\x01"),("+","a"),("a|*","a"),("()","ab"),("",'ab'),(r"\Ka","a"),(r"b\Ka","ba"),(r"\Ga","aab"),("a)","a"),("(a","a"),(r"\y","ab"),(r"\p{Foo}","a"),("[z-a]","a"),("[\\w-z]","-"),("[[:foo:]]","f"),("[:alpha:]","a"),(r"\-\_\ \/\#\@","-"),(r"\q","q"),("}","}"),("]","]"),("a{3,1}","aaa"),("a{100001}","a"),("a{0}","a"),("(?i)ﬁ","fi FI"),("(?u)a","a"),("(?a)\\w","é"),("(?W)\\w","éa"),("(?i)[^a]","A"),("[[:^alpha:]]","a1"),("(?~ab)","xaby"),("(?(1)a|b)","a"),(r"\g<0>","a"),("é","é"),("[à-é]","á"),("(?<!\\w)(?:ab)","ab cab"),(r"\s+(?!\S)|\s+","a   b  "),(r"(?m:a.b)","a\nb"),("(a|ab)(c|bcd)(d*)","abcd"),("(?:a|ab)+?c","aababc"),("\\d+(?=%)","10% 20"),("(?=(a))","a"),("(?<=^|x)a","axa"),("\\p{Han}","漢a"),("a{ 2}","a{ 2}"), ("a{2}{3}","a"*13),("a{2,3}{2}","a"*13),("(?:a?){3}b","aab"),("(?:a??){2}","aa"),("(a?)*?b","aab"),("(?:|a)+","aaa"),("(?:a|)+","aab"),("(?:a|){3}b","aab"),("\\b","ab cd"),("$","a\nb\n"),("^","a\nb\n"),("\\n","a\nb"),("(?:(?:a|b)*?c|ab)","abab c")]: cases.append((p,t))

cases += [(r"[^\w\s]","a-b ² ½ Ⓐ é"),(r"\w+","a-b² ½ Ⓐ é\u0301x \U0001d504"),(r"\d","1²½٣"),(r"\s+","a \u00a0\u2003b\u200bc\x85"),(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+","I've  got 23 (things)   "),(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+","I'VE got 23456 (things)\n\n  x"),(r"(?i)kelvin|straSSe","\u212aELVIN strasse"),(r"[[:punct:]]","a$b.c+`"),(r"\p{Script=Han}","漢a"),(r"\p{script=latin}","a"),(r"\p{alpha}+","ab1"),(r"\p{White_Space}"," a"),(r"\p{whitespace}"," a"),(r"\p{Letter}","a1"),(r"\p{Uppercase_Letter}","aB"),(r"\p{Lu}","aB"),(r"\p{lu}","aB"),(r"\p{greek}","αa"),(r"\p{Hiragana}|\p{Katakana}","あア"),(r"[\p{L}&&[^a-z]]","aB"),(r"(?<=\d)(?=(?:\d{3})+\b)","1234567 12"),(r"(\d{3})(?=\d)","1234567"),(r"(?<![a-z])x","ax x"),(r"^\s+|\s+$","  a b  \n c "),(r"[^a]","\n"),(r"(?x)a b|c","abc"),(r"a.c","a\rc"),(r"\x41\x{42}\u0043","ABC"),(r"(?:ab|a)(?:c|bcd)","abcd"),(r"(?=a|)b?","ab"),(r"((a)|b)*c","abac"),(r"[a-c-e]","-d"),(r"[\d-]","1-"),(r"[--a]","-a"),(r"[\s\S]","a"),(r"[^\S\n]"," \n"),(r"\p{^L}","a1"),(r"\P{^L}","a1"),(r"[^\P{L}]","a1"),(r"a+?b*?","aabb"),(r"(?:a+?|b)*$","aab"),(r"x*","axb"),(r"(?<=x*)a","xa"),("(?=^a)","a\na"),("(?!$)","a\n"),(r"\Aa|b\z","ab"),(r"[\u4e00-\u9fff]","漢a"),(r"é","e\u0301é"),(r"\.","a.b"),(r"\/","a/b"),(r"\"","a\"b"),(r"\R","a\r\nb"),(r"(?:)","ab"),(r"(a{0,3}){2}b","aaaaab"),(r"a{0,0}b","b"),(r"(?i)É","é"),(r"(?i)[à-ý]","É"),(r"(?i)σ","ςΣ"),("(?i)[aeiou]", "a\u0131I\u0130"), ("(?i)\u0131", "iI\u0131"), (r"(?i)[^k]","\u212ak"),(r"[\x00-\x1f]","\x01a"),(r"\b\w","é a-b"),(r"\B","ab c"),("(?:^|(?<=\\s))\\S","ab cd"),(r"(?-m)a.b","a\nb"),(r"[^]a]","]ab"),(r"[a^]","^a"),(r"[&&a]","a&"),(r"[a&&]","a&")]


def answer(pattern, text):
    try:
        return {"pattern": pattern, "text": text, "replaced": normalizers.Replace(Regex(pattern), "<>").normalize_str(text)}
    except BaseException as error:
        return {"pattern": pattern, "text": text, "error": str(error)}


def main():
    fixtures = pathlib.Path(__file__).parents[2] / "packages/tokenizer/test/fixtures"
    lines = [json.dumps(answer(pattern, text)) for pattern, text in cases]
    (fixtures / "patterns.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
