//! The table compiled into the binary: the vocabulary, with a vector and a weight for every token.
//!
//! Nothing is copied or built at start-up. The header is validated at compile time; the sections are slices of the
//! file, including the vocabulary's hash table, so that a cold start only pays for the pages that a text touches.
//!
//! The format is documented where it is written: `tools/embedding-table/table_format.py`.

use super::vector::DIMENSIONS;

const MAGIC: &[u8; 8] = b"M0STATIC";
const FORMAT_VERSION: u32 = 1;
const HEADER: usize = 64;
const MODEL_NAME: usize = 40;
const EMPTY: u16 = u16::MAX;

/// Maximum length of a token in bytes.
pub(super) const LONGEST_TOKEN: usize = 32;

/// A token of the table's vocabulary; meaningless outside its model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(pub(super) u16);

impl TokenId {
    /// The position in the vocabulary, for use as an array index.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The position in the form in which it is stored.
    pub fn number(self) -> u16 {
        self.0
    }
}

/// What to do with a character; see [`super::characters`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Part of a word.
    Keep,
    /// Ignored.
    Drop,
    /// Ends a word.
    Space,
    /// A word of its own.
    Isolate,
    /// Part of a word, after being replaced.
    Replace(&'static str),
    /// A word of its own, after being replaced.
    IsolateReplacement(&'static str),
}

/// The sections of the file.
pub(super) struct StaticTable {
    model: &'static str,
    vectors: &'static [[u8; DIMENSIONS]],
    inverse_norms: &'static [[u8; 4]],
    weights: &'static [[u8; 4]],
    slots: &'static [[u8; 2]],
    token_ends: &'static [[u8; 4]],
    characters: &'static [[u8; 12]],
    replacements: &'static str,
    tokens: &'static [u8],
    longest_token: usize,
}

/// The built-in table. A file that does not fit this code does not compile.
pub(super) static TABLE: StaticTable = match StaticTable::parse(include_bytes!("table/static-minilm-256.bin"))
{
    Ok(table) => table,
    Err(reason) => panic!("{}", reason),
};

const fn number(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize
}

/// Splits `count` items of `N` bytes off the front.
const fn take<const N: usize>(bytes: &'static [u8], count: usize) -> (&'static [[u8; N]], &'static [u8]) {
    let (section, rest) = bytes.split_at(count * N);
    (section.as_chunks::<N>().0, rest)
}

impl StaticTable {
    const fn parse(file: &'static [u8]) -> Result<Self, &'static str> {
        if file.len() < HEADER {
            return Err("the embedding table has no header");
        }
        let (header, sections) = file.split_at(HEADER);
        let mut at = 0;
        while at < MAGIC.len() {
            if header[at] != MAGIC[at] {
                return Err("not an embedding table");
            }
            at += 1;
        }
        if number(header, 8) as u32 != FORMAT_VERSION {
            return Err("the embedding table has another format version");
        }
        if number(header, 12) != DIMENSIONS {
            return Err("the embedding table has other dimensions");
        }
        let (vocabulary, slot_count, longest_token) =
            (number(header, 16), number(header, 20), number(header, 24));
        let (character_count, replacement_bytes, token_bytes) =
            (number(header, 28), number(header, 32), number(header, 36));
        let expected = vocabulary * (DIMENSIONS + 12)
            + slot_count * 2
            + character_count * 12
            + replacement_bytes
            + token_bytes;
        if sections.len() != expected || !slot_count.is_power_of_two() || slot_count <= vocabulary {
            return Err("the embedding table's sections do not add up");
        }
        if longest_token > LONGEST_TOKEN {
            return Err("the embedding table has too long a token");
        }
        let (vectors, rest) = take(sections, vocabulary);
        let (inverse_norms, rest) = take(rest, vocabulary);
        let (weights, rest) = take(rest, vocabulary);
        let (slots, rest) = take(rest, slot_count);
        let (token_ends, rest) = take(rest, vocabulary);
        let (characters, rest) = take(rest, character_count);
        let (replacements, tokens) = rest.split_at(replacement_bytes);
        let Ok(replacements) = str::from_utf8(replacements) else {
            return Err("the embedding table's replacements are not UTF-8");
        };
        let Some(model) = model_name(header.split_at(MODEL_NAME).1) else {
            return Err("the embedding table has no model name");
        };
        Ok(Self {
            model,
            vectors,
            inverse_norms,
            weights,
            slots,
            token_ends,
            characters,
            replacements,
            tokens,
            longest_token,
        })
    }

    /// Returns the number of tokens.
    pub(super) fn vocabulary(&self) -> usize {
        self.vectors.len()
    }

    pub(super) fn model(&self) -> &'static str {
        self.model
    }

    /// Returns the number of tokens: every [`TokenId::index`] is below this.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.vectors.len()
    }

    /// Returns the length of the longest token in bytes, including a continuation's "##": the limit for look-ups.
    pub(super) fn longest_token(&self) -> usize {
        self.longest_token
    }

    /// Returns the token's quantized vector; multiply by [`Self::inverse_norm`] for unit length.
    pub(super) fn vector(&self, token: TokenId) -> &'static [u8; DIMENSIONS] {
        &self.vectors[token.index()]
    }

    pub(super) fn inverse_norm(&self, token: TokenId) -> f32 {
        f32::from_le_bytes(self.inverse_norms[token.index()])
    }

    /// Returns the token's weight in the mean of a text, from 0 to 1.
    pub(super) fn weight(&self, token: TokenId) -> f32 {
        f32::from_le_bytes(self.weights[token.index()])
    }

    /// Returns the token's spelling in the vocabulary; continuations begin with "##".
    pub(super) fn text(&self, token: TokenId) -> &'static [u8] {
        let start = match token.index().checked_sub(1) {
            Some(before) => u32::from_le_bytes(self.token_ends[before]),
            None => 0,
        };
        &self.tokens[start as usize..u32::from_le_bytes(self.token_ends[token.index()]) as usize]
    }

    /// Finds the token spelled `prefix` + `rest`, given the hash of the concatenation.
    pub(super) fn lookup(&self, hash: Hash, prefix: &[u8], rest: &[u8]) -> Option<TokenId> {
        let mask = self.slots.len() - 1;
        let mut slot = hash.slot(mask);
        // Terminates because the hash table is never full (checked by `parse`) and was filled by the same function.
        loop {
            let id = u16::from_le_bytes(self.slots[slot]);
            if id == EMPTY {
                return None;
            }
            let found = TokenId(id);
            if self.text(found).strip_prefix(prefix) == Some(rest) {
                return Some(found);
            }
            slot = (slot + 1) & mask;
        }
    }

    /// Returns how to treat a character that is not a Hangul syllable.
    pub(super) fn action(&self, character: char) -> Action {
        let code = u32::from(character);
        let after = self.characters.partition_point(|entry| number(entry, 0) as u32 <= code);
        let Some(entry) = after.checked_sub(1).map(|index| &self.characters[index]) else {
            return Action::Keep;
        };
        if code > number(entry, 4) as u32 {
            return Action::Keep;
        }
        let offset = usize::from(u16::from_le_bytes([entry[10], entry[11]]));
        let replacement = &self.replacements[offset..offset + usize::from(entry[9])];
        match entry[8] {
            1 => Action::Drop,
            2 => Action::Space,
            3 => Action::Isolate,
            4 => Action::Replace(replacement),
            5 => Action::IsolateReplacement(replacement),
            _ => Action::Keep,
        }
    }
}

/// Parses the UTF-8 text before the first NUL.
const fn model_name(bytes: &'static [u8]) -> Option<&'static str> {
    let mut end = 0;
    while end < bytes.len() && bytes[end] != 0 {
        end += 1;
    }
    match str::from_utf8(bytes.split_at(end).0) {
        Ok(name) if !name.is_empty() => Some(name),
        _ => None,
    }
}

/// FNV-1a, computed byte by byte so that one pass hashes all prefixes of a word. Must match `slot_of` in
/// `tools/embedding-table/table_format.py`.
#[derive(Clone, Copy)]
pub(super) struct Hash(u32);

impl Hash {
    pub(super) const fn new() -> Self {
        Self(0x811C_9DC5)
    }

    pub(super) const fn with(self, byte: u8) -> Self {
        Self((self.0 ^ byte as u32).wrapping_mul(0x0100_0193))
    }

    const fn slot(self, mask: usize) -> usize {
        (self.0.wrapping_mul(0x9E37_79B1) >> 16) as usize & mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash_of(text: &[u8]) -> Hash {
        text.iter().fold(Hash::new(), |hash, &byte| hash.with(byte))
    }

    #[test]
    fn every_token_is_found_under_its_own_text() {
        for id in 0..TABLE.len() {
            let token = TokenId(u16::try_from(id).unwrap());
            let text = TABLE.text(token);
            assert!(text.len() <= TABLE.longest_token());
            assert!(str::from_utf8(text).is_ok());
            assert_eq!(TABLE.lookup(hash_of(text), b"", text), Some(token));
        }
    }

    #[test]
    fn a_text_outside_the_vocabulary_is_not_found() {
        for text in ["", "##", "zzzzqqqq", "Capital", "two words"] {
            assert_eq!(TABLE.lookup(hash_of(text.as_bytes()), b"", text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn every_token_but_the_unknown_one_has_a_direction_of_unit_length_and_a_weight() {
        assert_eq!(TABLE.text(TokenId(0)), b"[UNK]");
        for id in 0..TABLE.len() {
            let token = TokenId(u16::try_from(id).unwrap());
            let squared: i32 =
                TABLE.vector(token).iter().map(|&step| i32::from(step.cast_signed()).pow(2)).sum();
            let (inverse_norm, weight) = (TABLE.inverse_norm(token), TABLE.weight(token));
            if id == 0 {
                assert_eq!(squared, 0);
                assert_eq!((inverse_norm, weight), (0.0, 0.0));
            } else {
                assert!(
                    (f64::from(squared).sqrt() * f64::from(inverse_norm) - 1.0).abs() < 1e-6,
                    "token {id}"
                );
                assert!(weight > 0.0 && weight <= 1.0, "token {id}");
            }
        }
    }

    #[test]
    fn every_character_has_an_action() {
        // Out-of-range replacements would panic here.
        let dropped = (char::MIN..=char::MAX).filter(|&c| TABLE.action(c) == Action::Drop).count();
        assert!(dropped > 100_000, "private use and unassigned characters are dropped");
        assert_eq!(TABLE.action('É'), Action::Replace("e"));
        assert_eq!(TABLE.action('日'), Action::Isolate);
        assert_eq!(TABLE.action('\u{a0}'), Action::Space);
        assert_eq!(TABLE.action('x'), Action::Keep);
    }

    #[test]
    fn a_damaged_file_is_refused() {
        const FILE: &[u8] = include_bytes!("table/static-minilm-256.bin");
        let damaged = |damage: fn(&mut Vec<u8>)| {
            let mut file = FILE.to_vec();
            damage(&mut file);
            StaticTable::parse(file.leak()).err()
        };
        assert_eq!(damaged(|_| ()), None);
        assert_eq!(damaged(|file| file.truncate(63)), Some("the embedding table has no header"));
        assert_eq!(damaged(|file| file[0] = b'X'), Some("not an embedding table"));
        assert_eq!(damaged(|file| file[8] = 2), Some("the embedding table has another format version"));
        assert_eq!(damaged(|file| file[12] = 1), Some("the embedding table has other dimensions"));
        assert_eq!(damaged(|file| file[24] = 33), Some("the embedding table has too long a token"));
        assert_eq!(damaged(|file| file[40] = 0), Some("the embedding table has no model name"));
        assert_eq!(damaged(|file| file.push(0)), Some("the embedding table's sections do not add up"));
    }
}
