"""Texts that stress a tokenizer, with the ids the reference library gives them."""

import random

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

WRITTEN = [
    "", " ", "\t\n\r", "a", "?", "The quick brown fox jumps over the lazy dog.",
    "Deploys are frozen from Friday 17:00 until Monday, says Priya.",
    "PROJ-1234: refactor `parse_header()` in src/http/v2/frame.rs (see #88)",
    "don't can't won't it's o'clock rock'n'roll", "state-of-the-art e-mail co-operate",
    "$1,299.99 + 19% VAT = £1,547; ≈ €1.780,00", "user@example.com https://example.com/a?b=c&d=%20e#f",
    "C++ C# F# .NET node.js g++ ++i; x->y; a::b<T>", "snake_case camelCase PascalCase SCREAMING_CASE kebab-case",
    "naïve café résumé coöperate Ångström Łódź Øresund Straße Þór", "İstanbul ısı DİYARBAKIR", "ΑΣ Σίσυφος ὈΔΥΣΣΕΎΣ ς",
    "Привет, мир! Ёлка и ёжик, Їжак", "שלום עולם! בְּרֵאשִׁית", "مرحبا بالعالم، كيف الحال؟ مُحَمَّد", "नमस्ते दुनिया, हिन्दी", "สวัสดีชาวโลก",
    "你好，世界！我们在星期五发布。", "東京タワーでラーメンを食べた。", "がぎぐげご パピプペポ ﾊﾝｶｸ", "안녕하세요 세계 각힣", "한국어와 English 混ぜて",
    "🎉🎉 party 🎉", "👩‍👩‍👧‍👦 family", "🇨🇭 flag", "ok👍🏽ok", "☕️ coffee ☕", "→ ⇒ ≠ ≤ ½ ² ™ © № …", "“quotes” ‘single’ «guillemets» „low“",
    "em—dash en–dash hy\u2010phen minus−sign", "a\u0000b\u0007c\u001bd\u007fe\u0085f\u009fg", "zero\u200bwidth\u200cjoin\u200der\ufeffbom\u2060x",
    "soft\u00adhyphen nb\u00a0space thin\u2009space ideo\u3000space line\u2028para\u2029end", "\u202eevil\u202c rtl", "\ufffd replacement",
    "private \ue000 use \U000f0000", "unassigned \u0378 \U000e0fff", "\ufdd0 \uffff noncharacters", "ﬁ ﬂ ﬀ ligatures ｆｕｌｌｗｉｄｔｈ", "Ｋ Å Ω", "豈更車 \U0002f800 \U00020000 \U0003134a",
    "e\u0301 a\u0300\u0323 o\u0328\u0304 combining", "Z\u0351\u036b\u0343a\u0328l\u0353g\u0321o", "\u0301leading mark", "ᾳ ᾼ ǅ ǆ ŉ ǰ ẞ ß",
    "[CLS] [SEP] [MASK] [PAD] [UNK] [unused7]", "##ing ## # ###", "\\n \\x00 {} [] () <> | ~ ^ `",
    "'; DROP TABLE memories; --", "a & b | !c:* <-> 'd'", "%s %d {0} ${x} $(y)", "1234567890 3.14159 1e-9 0xdeadbeef 192.168.0.1 2026-11-22T07:30:00Z",
    "supercalifragilisticexpialidocious pneumonoultramicroscopicsilicovolcanoconiosis", "x" * 99, "x" * 100, "x" * 101, "ab" * 60 + " after",
    "é" * 100, "é" * 101, "e\u0301" * 100, "e\u0301" * 101, "a" * 99 + "\u4e00", "word " * 40, "!" * 50, "日" * 50, "the" * 40, "qz" * 20 + "🎉", "unknown🎉word known",
    "kubectl terraform postgres pgvector tokio serde axum lambda", "Müller Nguyễn Đặng Şahin Čapek Żółć Ñandú", "l’été à l’hôpital, ça va ?", "¿Dónde está? ¡Aquí!",
]  # fmt: skip

# First and last code point of the blocks the generated texts draw from.
BLOCKS = [
    (0x20, 0x7E), (0x80, 0xFF), (0x100, 0x24F), (0x250, 0x36F), (0x370, 0x3FF), (0x400, 0x52F), (0x590, 0x6FF), (0x900, 0x97F),
    (0xE00, 0xE7F), (0x1100, 0x11FF), (0x1E00, 0x1FFF), (0x2000, 0x20CF), (0x2100, 0x2BFF), (0x3000, 0x30FF), (0x4E00, 0x9FFF),
    (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFB00, 0xFDFF), (0xFE00, 0xFFFF), (0x1F300, 0x1FAFF), (0x20000, 0x2FA1F), (0xE0000, 0xE01EF),
]  # fmt: skip


def generated(tokens):
    """Words of the vocabulary glued together at random, and random characters of each block."""
    chance = random.Random(20261122)
    pieces = [token.removeprefix("##") for token in tokens[1:]]
    for _ in range(120):
        yield "".join(
            chance.choice(pieces) + chance.choice(["", "", " ", " ", "-", "'", ", ", "\u0301", "\u200d", "🎉"])
            for _ in range(chance.randint(1, 12))
        )
    for first, last in BLOCKS:
        for length in (3, 12, 30):
            yield "".join(chance.choice([chr(chance.randint(first, last)), " ", "a"]) for _ in range(length))
    for _ in range(60):
        yield "".join(chr(chance.randint(*chance.choice(BLOCKS))) for _ in range(20))


def with_ids(tokens):
    """Each text with its ids. Built from parts: the model's own file would turn "[MASK]" in a text into a mask."""
    vocabulary = {token: number for number, token in enumerate(tokens)}
    reference = Tokenizer(models.WordPiece(vocabulary, unk_token=tokens[0]))
    reference.normalizer = normalizers.BertNormalizer()
    reference.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    for text in [*WRITTEN, *generated(tokens)]:
        yield {"text": text, "ids": reference.encode(text, add_special_tokens=False).ids}
