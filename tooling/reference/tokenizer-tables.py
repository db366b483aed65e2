"""Writes packages/tokenizer/src/generated/unicode-tables.ts: the Unicode facts of the two reference tokenizers.

    python tooling/reference/tokenizer-tables.py        (transformers 4.34.0, tokenizers 0.14.1, Python 3.11)

The slow tokenizer follows Python's unicodedata; the fast one follows the crates that tokenizers 0.14.1 was built with, and
those are of several Unicode versions. Nothing is copied from their sources: each code point is given to both references and
what they do with it is recorded, the fast one's as its difference from the slow one's.

Every table is a string of whole numbers, each in base 28, least digit first, one character of "#".."Z" a digit and one of
a second set of 28 for "more digits follow". Sets are run lengths (out, in, out, in ...) over the code points.
"""
import collections
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


def zigzag(n):
    return 2 * n if n >= 0 else -2 * n - 1


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


def lower_table(lower):
    """Runs: distance from the last run, length, step, zigzag distance to the lower-case form. U+0130 stands outside."""
    mapping = {c: lower(chr(c)) for c in CODE_POINTS if lower(chr(c)) != chr(c)}
    assert mapping.pop(0x130) == "i\u0307"
    assert all(len(m) == 1 for m in mapping.values())
    deltas = {c: ord(m) - c for c, m in mapping.items()}
    out, at, done = "", 0, set()
    for c in sorted(deltas):
        if c in done:
            continue
        best = (1, 1)
        for step in (1, 2):
            n = 1
            while deltas.get(c + n * step) == deltas[c] and c + n * step not in done:
                n += 1
            if n > best[0]:
                best = (n, step)
        n, step = best
        done.update(c + i * step for i in range(n))
        out += varint(zigzag(c - at)) + varint(n * 2 + step - 1) + varint(zigzag(deltas[c]))
        at = c
    return mapping, out


def decompositions():
    """Canonical decompositions, one step: a code point to one or two others. Hangul syllables are computed."""
    table = {}
    for c in CODE_POINTS:
        d = unicodedata.decomposition(chr(c))
        if d and not d.startswith("<") and c not in HANGUL:
            table[c] = [int(x, 16) for x in d.split()]
    return table


def differences(values):
    """Zigzag distance of each from the one before, the first from 0."""
    return "".join(varint(zigzag(value - before)) for before, value in zip([0, *values], values))


def encode_decompositions(table):
    """Which code points have two parts, their first parts, the index of their second parts; and the same for one part."""
    pairs = {c: d for c, d in sorted(table.items()) if len(d) == 2}
    singles = {c: d[0] for c, d in sorted(table.items()) if len(d) == 1}
    counts = collections.Counter(d[1] for d in pairs.values())
    seconds = sorted(counts, key=lambda second: (-counts[second], second))
    return (
        (encode_set(pairs), differences([d[0] for d in pairs.values()]), "".join(varint(seconds.index(d[1])) for d in pairs.values())),
        "".join(map(varint, seconds)),
        (encode_set(singles), differences(list(singles.values()))),
    )


def combining_classes():
    return {c: unicodedata.combining(chr(c)) for c in CODE_POINTS if unicodedata.combining(chr(c))}


def encode_combining(classes):
    """Runs: distance from the end of the last run, length, class."""
    out, at = "", 0
    keys = sorted(classes)
    i = 0
    while i < len(keys):
        j = i
        while j + 1 < len(keys) and keys[j + 1] == keys[j] + 1 and classes[keys[j + 1]] == classes[keys[i]]:
            j += 1
        out += varint(keys[i] - at) + varint(keys[j] - keys[i] + 1) + varint(classes[keys[i]])
        at = keys[j] + 1
        i = j + 1
    return out


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


def main():
    python, rust = python_classes(), rust_classes()
    python_lower, lower = lower_table(str.lower)
    rust_lower_of = normalizers.Lowercase()
    rust_lower, _ = lower_table(rust_lower_of.normalize_str)
    assert python_lower == rust_lower
    table = decompositions()
    rust_nfd = normalizers.NFD()
    not_in_rust = {c for c in CODE_POINTS if rust_nfd.normalize_str(chr(c)) != unicodedata.normalize("NFD", chr(c))}
    assert not_in_rust == {0x11938}, not_in_rust
    pairs, seconds, singles = encode_decompositions(table)
    excluded = {c for c, d in table.items() if len(d) == 2 and unicodedata.normalize("NFC", chr(c)) != chr(c)}
    classes = combining_classes()
    tables = {
        "CLASSES": (encode_classes(python), "The slow tokenizer's classes: runs of equal class, length times 5 plus class: 0 other, 1 control, 2 space, 3 punctuation, 4 nonspacing mark."),
        "FAST_CONTROL": (encode_set(rust[CONTROL]), "What the fast tokenizer drops as control: assigned code points only."),
        "FAST_PUNCTUATION": (encode_set(rust[PUNCTUATION] ^ python[PUNCTUATION]), "Punctuation to the one tokenizer and not to the other."),
        "FAST_MARKS": (encode_set(rust[MARK] ^ python[MARK]), "Nonspacing marks to the one tokenizer and not to the other."),
        "LOWER": (lower, "Lower case, the same for both: distance, length and step, distance to the lower-case form."),
        "PAIRED": (pairs[0], "Code points with a canonical decomposition into two parts."),
        "PAIR_FIRSTS": (pairs[1], "The first parts, as differences."),
        "PAIR_SECONDS": (pairs[2], "The second parts, as places in SECONDS."),
        "SECONDS": (seconds, "All second parts, most frequent first."),
        "SINGLE": (singles[0], "Code points with a canonical decomposition into one other."),
        "SINGLE_PARTS": (singles[1], "Those others, as differences."),
        "COMPOSITION_EXCLUSIONS": (encode_set(excluded), "Decompositions that NFC does not undo."),
        "COMBINING": (encode_combining(classes), "Canonical combining classes."),
        "FAST_NOT_COMBINING": (encode_set(rust_uncombined(classes)), "Combining to the slow tokenizer, unknown to the fast one."),
    }
    here = pathlib.Path(__file__).resolve().parents[2]
    target = here / "packages/tokenizer/src/generated/unicode-tables.ts"
    target.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        "// Made by tooling/reference/tokenizer-tables.py. Do not edit.",
        f"// Slow: Python {sys.version_info[0]}.{sys.version_info[1]}, unicodedata {unicodedata.unidata_version}. Fast: tokenizers {tokenizers.__version__}.",
        "",
    ]
    for name, (text, comment) in tables.items():
        assert '"' not in text and "\\" not in text
        lines += [f"/** {comment} */", f'export const {name} =', f'  "{text}";', ""]
        print(name, len(text))
    target.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
