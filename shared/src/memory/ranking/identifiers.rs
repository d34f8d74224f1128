//! Exact identifiers: whoever asks for `OPS-1234` or `parse_header` wants the memories that contain it, before any that
//! are merely similar.
//!
//! A word is an identifier if nobody would write it by chance: letters adjacent to digits, joined by symbols that do
//! not join ordinary words, or with inner capitals. Plain numbers, dates, times, hyphenated words ("30-day", "1-on-1")
//! and names with a short number ("Windows-11") are not identifiers. A capital at the beginning and another one inside may
//! be a type or a brand: `PaymentService`, PostgreSQL. Such names count for less, as a brand may be what many memories
//! mention and few are about.

/// Characters allowed inside an identifier besides letters and digits.
const INNER: &[char] = &['-', '_', '.', '/', '\\', '@', ':', '#', '+', '~', '&', '=', '%'];
/// Maximum number of identifiers taken from a query.
const MOST: usize = 8;
/// Minimum number of lower-case letters before an inner capital; names of people may have fewer: McGee, DeShawn.
const HUMP: usize = 3;
/// Minimum number of digits in a serial number; shorter numbers are versions and sizes.
const SERIAL: usize = 3;

/// The value of a name that may be a brand.
const BRAND: f32 = 0.15;

/// The identifiers named in a query, in lower case.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Identifiers {
    names: Vec<String>,
    /// The value of each, 0 to 1.
    value: f32,
}

impl Identifiers {
    /// Collects the identifiers of a query; those that may be brands only if there are no others.
    pub(super) fn named_in(query: &str) -> Self {
        let identifiers = || pieces(query).filter(|piece| is_identifier(piece));
        let certain: Vec<&str> = identifiers().filter(|piece| !may_be_brand(piece)).collect();
        let (pieces, value) = match certain.is_empty() {
            false => (certain, 1.0),
            true => (identifiers().collect(), BRAND),
        };
        let mut names: Vec<String> = pieces.into_iter().map(str::to_lowercase).collect();
        names.sort_unstable();
        names.dedup();
        names.truncate(MOST);
        Self { names, value }
    }

    /// Returns the share of them that a text contains, each as a whole, times their value; 0 if there are none.
    pub(super) fn share(&self, text: &str) -> f32 {
        if self.names.is_empty() {
            return 0.0;
        }
        let text = text.to_lowercase();
        let found = self.names.iter().filter(|name| has(&text, name)).count();
        self.value * found as f32 / self.names.len() as f32
    }
}

fn may_be_brand(piece: &str) -> bool {
    piece.starts_with(char::is_uppercase) && piece.chars().all(char::is_alphabetic)
}

/// Splits a text into runs of identifier characters, without the punctuation of the sentence.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && !INNER.contains(&c))
        .map(|piece| piece.trim_matches(INNER))
        .filter(|piece| !piece.is_empty())
}

fn is_identifier(piece: &str) -> bool {
    let letters = piece.chars().any(char::is_alphabetic);
    let digits = piece.chars().any(|c| c.is_ascii_digit());
    // `/` and `.` also join ordinary words: "and/or", "e.g.", "U.S.".
    let joined = piece.contains(['_', '\\', '@', '=', '#'])
        || piece.contains("::")
        || piece.matches('/').count() > 1
        || (piece.contains('.') && piece.split('.').any(|part| part.chars().count() > 2));
    let plain = piece.chars().all(char::is_alphanumeric);
    if !letters {
        // A version has two dots; a date has hyphens, a time a colon, an amount one dot.
        return digits
            && piece.split('.').count() > 2
            && piece.chars().all(|c| c.is_ascii_digit() || c == '.');
    }
    if digits {
        // "3rd", "1990s", "10am" and "2x" are not identifiers.
        let named = piece.starts_with(char::is_alphabetic) && piece.len() > 2;
        return if plain { named } else { !is_compound(piece) && !is_time(piece) };
    }
    joined || (plain && has_humps(piece))
}

/// Matches "30-day", "1-on-1" and "Windows-11", but not `OPS-7`, `ops-1234` or `4f-2a1b`.
fn is_compound(piece: &str) -> bool {
    let parts: Vec<&str> = piece.split('-').collect();
    let number = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    let word = |part: &&str| part.chars().all(char::is_alphabetic);
    if parts.len() < 2 || !parts.iter().all(|part| number(part) || word(part)) {
        return false;
    }
    let shouted = |part: &str| part.chars().all(|c| !c.is_lowercase());
    match &parts[..] {
        [name, digits] if word(name) && number(digits) => !shouted(name) && digits.len() < SERIAL,
        [first, ..] => number(first),
        [] => false,
    }
}

/// Matches "9:00am", "10:30h".
fn is_time(piece: &str) -> bool {
    let Some((hours, rest)) = piece.split_once(':') else { return false };
    let minutes: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let number =
        |digits: &str| matches!(digits.len(), 1 | 2) && digits.bytes().all(|byte| byte.is_ascii_digit());
    number(hours) && minutes.len() == 2 && rest[2..].chars().all(char::is_alphabetic)
}

/// Matches `PaymentService`, but not `McGee`.
fn has_humps(word: &str) -> bool {
    let mut before = 0;
    for c in word.chars() {
        if c.is_uppercase() && before >= HUMP {
            return true;
        }
        before = if c.is_lowercase() { before + 1 } else { 0 };
    }
    false
}

/// Returns whether a text contains a name as a whole: `OPS-1234` is not in `OPS-12345`.
fn has(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let outside = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        let version = |c: Option<char>, then: Option<char>| c == Some('v') && outside(then);
        let mut before = text[..at].chars().rev();
        let (last, last_but_one) = (before.next(), before.next());
        let mut behind = text[at + name.len()..].chars();
        let (next, then) = (behind.next(), behind.next());
        // A dot or hyphen ends the name, unless more of it follows.
        let goes_on = next.is_some_and(|c| ".-".contains(c)) && then.is_some_and(char::is_alphanumeric);
        (outside(last) || version(last, last_but_one)) && outside(next) && !goes_on
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(query: &str) -> Vec<String> {
        Identifiers::named_in(query).names
    }

    #[test]
    fn what_nobody_writes_by_chance_is_an_identifier() {
        for (query, expected) in [
            ("What is OPS-1234 about?", &["ops-1234"][..]),
            (
                "parse_header, parseHeader and std::mem::take.",
                &["parse_header", "parseheader", "std::mem::take"],
            ),
            ("who runs v1.2.3 or 1.2.4?", &["1.2.4", "v1.2.3"]),
            (
                "mail dana@example.com about services/billing.toml",
                &["dana@example.com", "services/billing.toml"],
            ),
            ("error E0308", &["e0308"]),
            (
                "OPS-7, ops-1234, 4f-2a1b and db.internal:5432",
                &["4f-2a1b", "db.internal:5432", "ops-1234", "ops-7"],
            ),
        ] {
            assert_eq!(named(query), expected, "{query}");
        }
        for query in [
            "the well-known follow-up of 2024-06-03 at 10:30, for 3.5 million",
            "Did McGee's 3rd dog (2x) win in the 1990s?",
            "What happened in May 2023? Who said so...",
            "LGBTQ+ and/or e.g. the U.S. at 5 p.m.",
            "the 30-day trial, a 1-on-1 at 9:00am, Windows-11 on a 747-8 and a 24-hour shift",
        ] {
            assert!(named(query).is_empty(), "{query}: {:?}", named(query));
        }
    }

    #[test]
    fn it_is_found_whole() {
        let share = |query: &str, text: &str| Identifiers::named_in(query).share(text);
        assert_eq!(share("OPS-1234", "It waits for ops-1234."), 1.0);
        assert_eq!(share("OPS-1234", "It waits for OPS-12345"), 0.0);
        assert_eq!(share("OPS-1234", "It waits for DEVOPS-1234 and OPS-1234-b"), 0.0);
        assert_eq!(share("1.2.3", "runs v1.2.3 now"), 1.0);
        assert_eq!(share("OPS-1 and OPS-2", "OPS-1 is done"), 0.5);
        assert_eq!(share("plain words", "plain words"), 0.0);
        assert_eq!(share("PostgreSQL", "Our PostgreSQL"), BRAND);
        assert_eq!(share("OPS-1 in PaymentService", "PaymentService"), 0.0);
        assert_eq!(share("getUserById", "it calls getUserById()"), 1.0);
    }
}
