"""Writes packages/tokenizer/src/generated/*.ts: the Unicode facts of the two reference tokenizers.

    python tooling/reference/tokenizer-tables.py        (transformers 4.34.0, tokenizers 0.14.1, Python 3.11)

The slow tokenizer follows Python's unicodedata; the fast one follows the crates that tokenizers 0.14.1 was built with, and
those are of several Unicode versions. Nothing is copied from their sources: each code point is given to both references and
what they do with it is recorded.

What a code point decomposes into, its combining class and its lower case are not here: Unicode never changes the first
two for a code point once assigned, nor parts a case pair (https://www.unicode.org/policies/stability_policy.html), so the
engine's own methods give them for every code point of the sets below; so a set may also hold assigned code points that
have none, which saves runs. That the references do the same is checked here, and
the tests compare the digest of all of them, which this script writes too.

Every table is a string of whole numbers, each in base 28, least digit first, one character of "#".."Z" a digit and one of
a second set of 28 for "more digits follow". Sets are run lengths (out, in, out, in ...) over the code points.
"""
import hashlib
import json
import pathlib
import sys
import unicodedata

import tokenizers
from tokenizers import normalizers, pre_tokenizers

CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
SURROGATES = set(range(0xD800, 0xE000))
CONTROL, SPACE, PUNCTUATION, MARK = 1, 2, 3, 4
HANGUL = range(0xAC00, 0xAC00 + 11172)


def varint(n):
    assert n >= 0
    out = ""
    while True:
        n, digit = divmod(n, 28)
        out += chr(35 + digit + (28 if n else 0))
        if not n:
            return out


def encode_set(members):
    """Lengths of the runs outside and inside, alternately."""
    out, at = "", 0
    members = sorted(members)
    i = 0
    while i < len(members):
        j = i
        while j + 1 < len(members) and members[j + 1] == members[j] + 1:
            j += 1
        out += varint(members[i] - at) + varint(members[j] - members[i] + 1)
        at = members[j] + 1
        i = j + 1
    return out


def encode_cover(members, breakers):
    """Of the sets that hold all members and none of the breakers, one of few runs; each begins and ends with a member."""
    members, covered, last = set(members), set(), None
    for c in CODE_POINTS:
        if c in breakers:
            last = None
        elif c in members:
            covered.update(range(c if last is None else last, c + 1))
            last = c
    assert members <= covered and not covered & breakers
    return encode_set(covered)


def python_classes():
    sets = {CONTROL: set(SURROGATES), SPACE: set(), PUNCTUATION: set(), MARK: set()}
    for c in CODE_POINTS:
        ch = chr(c)
        category = unicodedata.category(ch)
        if ch in "\t\n\r" or category == "Zs":
            sets[SPACE].add(c)
        elif category[0] == "C" or c == 0xFFFD:
            sets[CONTROL].add(c)
        elif category[0] == "P" or 33 <= c <= 47 or 58 <= c <= 64 or 91 <= c <= 96 or 123 <= c <= 126:
            sets[PUNCTUATION].add(c)
        elif category == "Mn":
            sets[MARK].add(c)
    return sets


def rust_classes():
    clean = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    strip = normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False)
    pieces = pre_tokenizers.BertPreTokenizer()
    sets = {CONTROL: set(SURROGATES), SPACE: set(), PUNCTUATION: set(), MARK: set()}
    raw_spaces = set()
    for c in CODE_POINTS:
        ch = chr(c)
        cleaned = clean.normalize_str("a" + ch + "a")
        if len(cleaned) == 2:
            sets[CONTROL].add(c)
        elif cleaned[1] == " ":
            sets[SPACE].add(c)
        else:
            assert cleaned[1] == ch
        split = len(pieces.pre_tokenize_str("a" + ch + "a"))
        if split == 2:
            raw_spaces.add(c)
        elif split == 3:
            sets[PUNCTUATION].add(c)
        if not unicodedata.normalize("NFD", ch) != ch and strip.normalize_str(ch) == "":
            sets[MARK].add(c)
    # Without clean_text these are white space; with it the controls among them are gone before anything looks.
    assert raw_spaces - sets[SPACE] == {0x0B, 0x0C, 0x85} and sets[SPACE] <= raw_spaces, raw_spaces ^ sets[SPACE]
    assert not (sets[MARK] & (sets[SPACE] | sets[PUNCTUATION] | sets[CONTROL]))
    assert not (sets[PUNCTUATION] & (sets[CONTROL] | sets[SPACE]))
    return sets


def encode_classes(sets):
    """Runs of equal class: length, class, over all code points; class 0 is anything else."""
    of = [0] * 0x110000
    for value, members in sets.items():
        for c in members:
            of[c] = value
    out, at = "", 0
    while at < len(of):
        end = at
        while end < len(of) and of[end] == of[at]:
            end += 1
        if end < len(of) or of[at]:
            out += varint((end - at) * 5 + of[at])
        at = end
    return out


def combining_classes():
    return {c: unicodedata.combining(chr(c)) for c in CODE_POINTS if unicodedata.combining(chr(c))}


def rust_uncombined(classes):
    """Code points that Python sorts in NFD and the Rust crate, of an older Unicode version, leaves where they stand."""
    nfd = normalizers.NFD()

    # U+0334 is of the lowest class, 1, and U+0345 of the highest, 240: beside a combining one, one of the two moves.
    def moves(ch):
        return any(nfd.normalize_str(text) != text for text in ("\u0345" + ch, ch + "\u0334"))

    plain = [c for c in CODE_POINTS if unicodedata.normalize("NFD", chr(c)) == chr(c)]
    combining = {c for c in plain if moves(chr(c))}
    assert combining <= set(classes)
    representatives = {}
    for c in sorted(combining):
        representatives.setdefault(classes[c], chr(c))
    for c in combining:
        for r in representatives.values():
            for text in (chr(c) + r, r + chr(c)):
                assert nfd.normalize_str(text) == unicodedata.normalize("NFD", text), (hex(c), hex(ord(r)))
    unsorted = set(plain) & set(classes) - combining
    return unsorted


def digest(lines):
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


# The planes in which something is assigned, and the ends of the others.
TESTED = [c for c in CODE_POINTS if not (0x40000 <= c < 0xE0000 or c >= 0xF0000) or c & 0xFFFF < 0x100 or c & 0xFFFF >= 0xFF00]


def slow_digest():
    """Of each assigned code point: its NFD, NFC and lower case."""
    assigned = [chr(c) for c in TESTED if unicodedata.category(chr(c))[0] != "C"]
    return digest(" ".join((unicodedata.normalize("NFD", c), unicodedata.normalize("NFC", c), c.lower())) for c in assigned)


def fast_digest():
    """Of each code point: what each kind of BertNormalizer makes of it, and whether it parts or splits a word."""
    kinds = [
        normalizers.BertNormalizer(clean_text=clean, handle_chinese_chars=True, strip_accents=strip, lowercase=lower)
        for clean, strip, lower in ((True, True, True), (True, False, True), (False, True, False))
    ]
    pieces = pre_tokenizers.BertPreTokenizer()
    lines = []
    for c in TESTED:
        ch = chr(c)
        made = [kind.normalize_str("a" + ch + "a") for kind in kinds]
        lines.append(" ".join((*made, str(len(pieces.pre_tokenize_str("a" + ch + "a"))))))
    return digest(lines)


def stages_digest():
    """Of each code point: what the stages of tokenizer.json besides Bert's make of it between two letters."""
    forms = [getattr(normalizers, name)() for name in ("NFC", "NFD", "NFKC", "NFKD", "StripAccents", "Lowercase")]
    pieces = [pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.WhitespaceSplit()]
    lines = []
    for c in TESTED:
        text = "a" + chr(c) + "a"
        lines.append(" ".join((*(form.normalize_str(text) for form in forms), *(str(len(p.pre_tokenize_str(text))) for p in pieces))))
    return digest(lines)


def rust_stages():
    """Code points by what the stages of tokenizer.json besides Bert's make of them."""
    word, digits, accents = pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=True), normalizers.StripAccents()
    nfkd, space = normalizers.NFKD(), pre_tokenizers.WhitespaceSplit()
    between = {c: "a" + chr(c) + "a" for c in CODE_POINTS}
    parting = {c for c in CODE_POINTS if len(space.pre_tokenize_str(between[c])) == 2}
    assert parting == {c for c in CODE_POINTS if len(word.pre_tokenize_str(between[c])) == 2}
    return {
        "word": {c for c in CODE_POINTS if len(word.pre_tokenize_str(between[c])) == 1},
        "number": {c for c in CODE_POINTS if len(digits.pre_tokenize_str(between[c])) == 3},
        "accent": {c for c in CODE_POINTS if accents.normalize_str(between[c]) == "aa"},
        "compatible": {c for c in CODE_POINTS if nfkd.normalize_str(chr(c)) != chr(c)} - set(HANGUL),
    }


def main():
    stages = rust_stages()
    python, rust = python_classes(), rust_classes()
    rust_lower = normalizers.Lowercase()
    assert all(rust_lower.normalize_str(chr(c)) == chr(c).lower() for c in CODE_POINTS)
    rust_nfd = normalizers.NFD()
    not_in_rust = {c for c in CODE_POINTS if rust_nfd.normalize_str(chr(c)) != unicodedata.normalize("NFD", chr(c))}
    assert not_in_rust == {0x11938}, not_in_rust
    classes = combining_classes()
    lower = {c for c in CODE_POINTS if chr(c).lower() != chr(c)}
    # A code point of a later version may have what its neighbours have, and a capital without a lower case may get one.
    unassigned = {c for c in CODE_POINTS if unicodedata.category(chr(c)) == "Cn"} | SURROGATES
    single = {c for c in CODE_POINTS if unicodedata.category(chr(c)) in ("Lu", "Lt") and c not in lower}
    decomposed = {c for c in CODE_POINTS if rust_nfd.normalize_str(chr(c)) != chr(c)} - set(HANGUL)
    newer = {c for c in CODE_POINTS if unicodedata.normalize("NFKD", chr(c)) != chr(c)} - stages["compatible"]
    surviving = set(classes) - rust_uncombined(classes) - rust[MARK]
    tables = {
        "SLOW_CLASSES": (encode_classes(python), "The slow tokenizer's classes: runs of equal class, length times 5 plus class: 0 other, 1 control, 2 space, 3 punctuation, 4 nonspacing mark."),
        "FAST_CLASSES": (encode_classes(rust), "The fast tokenizer's, in the same way. What no one has assigned is of class 0 here, and 1 above."),
        "CAPITALS": (encode_cover(lower, unassigned | single), "All that has another lower case, the same for both, and characters among them that never will."),
        "DECOMPOSABLE": (encode_cover(decomposed, unassigned | not_in_rust), "All that the fast tokenizer decomposes, Hangul syllables aside, and characters among them that never will be."),
        "WORDS": (encode_set(stages["word"]), "What the pre-tokenizer Whitespace takes for characters of a word."),
        "NUMBERS": (encode_set(stages["number"]), "What the pre-tokenizer Digits takes for digits."),
        "ACCENTS": (encode_set(stages["accent"]), "What the normalizer StripAccents drops."),
        "COMPATIBLE": (encode_cover(stages["compatible"], unassigned | newer), "All that the normalizer NFKD decomposes, Hangul syllables aside, and characters among them that never will be."),
        "SURVIVING": (encode_set(surviving), "Combining code points that the fast tokenizer knows and does not count among the nonspacing marks."),
    }
    here = pathlib.Path(__file__).resolve().parents[2]
    folder = here / "packages/tokenizer/src/generated"
    folder.mkdir(parents=True, exist_ok=True)
    versions = f"// Slow: Python {sys.version_info[0]}.{sys.version_info[1]}, unicodedata {unicodedata.unidata_version}. Fast: tokenizers {tokenizers.__version__}."
    # A file each, so that who uses one tokenizer does not load the other's.
    for name, (text, comment) in tables.items():
        assert '"' not in text and "\\" not in text
        head = ["// Made by tooling/reference/tokenizer-tables.py. Do not edit.", versions, "", f"/** {comment} */"]
        file = name.lower().replace("_", "-") + ".ts"
        (folder / file).write_text("\n".join([*head, f"export const {name} =", f'  "{text}";', ""]))
        print(file, len(text))
    digests = here / "packages/tokenizer/test/fixtures/unicode-digests.json"
    digests.parent.mkdir(parents=True, exist_ok=True)
    digests.write_text(json.dumps({"slow": slow_digest(), "fast": fast_digest(), "stages": stages_digest()}, indent=2) + "\n")


if __name__ == "__main__":
    main()
