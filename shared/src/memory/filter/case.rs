//! Case-insensitive substring search with the same result in PostgreSQL and in Rust.
//!
//! `ILIKE` and `lower()` follow the database's locale: under `C` they handle ASCII only, elsewhere whatever the C
//! library knows. So the pattern itself spells out both cases of each letter (`[Éé][Cc]…`) and is matched with `~`,
//! which then needs no locale. Each character matches exactly one character: `ß` does not match `SS`.

/// Returns the characters that `c` matches.
fn variants(c: char) -> Vec<char> {
    fn single(mut mapped: impl Iterator<Item = char>) -> Option<char> {
        mapped.next().filter(|_| mapped.next().is_none())
    }
    let lower = |c: char| single(c.to_lowercase()).unwrap_or(c);
    let upper = |c: char| single(c.to_uppercase()).unwrap_or(c);
    let mut variants = vec![c];
    // A second mapping reaches the third form where there is one: ς, Σ, σ.
    for other in [lower(c), upper(c), lower(upper(c)), upper(lower(c))] {
        if !variants.contains(&other) {
            variants.push(other);
        }
    }
    variants
}

/// Returns a PostgreSQL regular expression that finds `needle` in any case.
pub(super) fn pattern(needle: &str) -> String {
    let mut pattern = String::with_capacity(needle.len() * 4);
    for c in needle.chars() {
        match variants(c).as_slice() {
            [only] => {
                // A backslash makes any ASCII punctuation literal, but gives letters and digits a meaning.
                if only.is_ascii() && !only.is_ascii_alphanumeric() {
                    pattern.push('\\');
                }
                pattern.push(*only);
            }
            several => {
                pattern.push('[');
                pattern.extend(several);
                pattern.push(']');
            }
        }
    }
    pattern
}

/// Returns whether `text` contains `needle` in any case, as [`pattern`] does in PostgreSQL.
pub(super) fn contains(text: &str, needle: &str) -> bool {
    let needle: Vec<Vec<char>> = needle.chars().map(variants).collect();
    if needle.is_empty() {
        return true;
    }
    let text: Vec<char> = text.chars().collect();
    text.windows(needle.len())
        .any(|window| window.iter().zip(&needle).all(|(c, variants)| variants.contains(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_any_script_match_in_both_cases() {
        assert!(contains("Der ÄRGER ist groß", "ärger"));
        assert!(contains("ПРИВЕТ", "привет"));
        assert!(contains("ὈΔΥΣΣΕΎΣ", "ς"));
        assert!(!contains("STRASSE", "ß"));
        assert!(contains("anything", ""));
        assert!(!contains("short", "longer than it"));
    }

    #[test]
    fn nothing_in_a_needle_is_syntax() {
        assert_eq!(pattern("a.b*(1)"), r"[aA]\.[bB]\*\(1\)");
        assert_eq!(pattern(r"\d ]^-"), r"\\[dD]\ \]\^\-");
        assert!(!contains("axb", "a.b"));
    }
}
