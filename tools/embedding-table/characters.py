"""What the reference tokenizer does to each single character, read off the library itself.

The BERT normalizer (clean text, split CJK, strip accents, lower-case) and pre-tokenizer (split at white space
and punctuation) treat every character by itself, so their whole behaviour is a table from code point to action.
Asking the library for each code point gives that table for exactly the Unicode version the model was trained with.
"""

from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

KEEP, DROP, SPACE, ISOLATE, REPLACE, ISOLATE_REPLACEMENT = range(6)
HANGUL_SYLLABLES = range(0xAC00, 0xD7A4)  # decomposed by arithmetic in the Rust code
SURROGATES = range(0xD800, 0xE000)


def split(text, normalizer=BertNormalizer(), pre_tokenizer=BertPreTokenizer()):
    """The words the reference sees in a text."""
    return [word for word, _ in pre_tokenizer.pre_tokenize_str(normalizer.normalize_str(text))]


def action_of(character):
    """(action, replacement) of one character, observed between two letters."""
    parts = split(f"a{character}b")
    match parts:
        case ["ab"]:
            return DROP, ""
        case ["a", "b"]:
            return SPACE, ""
        case ["a", middle, "b"]:
            return (ISOLATE, "") if middle == character else (ISOLATE_REPLACEMENT, middle)
        case [joined] if joined[0] == "a" and joined[-1] == "b":
            middle = joined[1:-1]
            return (KEEP, "") if middle == character else (REPLACE, middle)
    raise ValueError(f"U+{ord(character):04X} depends on its neighbours: {parts}")


def entries():
    """(first, last, action, replacement) in order of code point; what is not listed is kept.

    Neighbouring code points with the same action share an entry, unless they have replacements of their own.
    """
    found = []
    for code in range(0x110000):
        if code in SURROGATES or code in HANGUL_SYLLABLES:
            continue
        action, replacement = action_of(chr(code))
        if action == KEEP:
            continue
        if found and not replacement and found[-1][1:] == (code - 1, action, ""):
            found[-1] = (found[-1][0], code, action, "")
        else:
            found.append((code, code, action, replacement))
    return found
