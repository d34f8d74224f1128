//! Escapes of half a character, `\ud83d`: what JavaScript writes after it cut a text within an emoji. JSON allows them
//! (RFC 8259, section 8.2), text in UTF-8 cannot contain them.

/// Returns the JSON text with every escape of an unpaired surrogate replaced by that of U+FFFD, as encoders of UTF-8 do;
/// `None` if there is none. Everything stays at its place.
pub(super) fn replaced(text: &[u8]) -> Option<Vec<u8>> {
    const REPLACEMENT: &[u8; 6] = br"\ufffd";
    let mut mended = None;
    let mut at = 0;
    while let Some(backslash) = text[at..].iter().position(|byte| *byte == b'\\') {
        at += backslash;
        let next = unit(&text[at..]);
        let high = next.is_some_and(|unit| (0xd800..0xdc00).contains(&unit));
        let low = |unit: Option<u16>| unit.is_some_and(|unit| (0xdc00..0xe000).contains(&unit));
        at += match next {
            Some(_) if high && low(text.get(at + 6..).and_then(unit)) => 12,
            Some(_) if high || low(next) => {
                mended.get_or_insert_with(|| text.to_vec())[at..at + 6].copy_from_slice(REPLACEMENT);
                6
            }
            Some(_) => 6,
            // The escaped character may be a backslash.
            None => 2,
        };
        if at >= text.len() {
            break;
        }
    }
    mended
}

/// Returns the UTF-16 code unit that a text begins with, if it begins with an escape of one.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(br"\u")?.get(..4)?;
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> Option<String> {
        replaced(json.as_bytes()).map(|mended| String::from_utf8(mended).unwrap())
    }

    #[test]
    fn only_half_a_character_is_replaced() {
        for (half, whole) in [
            (r#"["\ud83d"]"#, r#"["\ufffd"]"#),
            (r#"["\uDD8A"]"#, r#"["\ufffd"]"#),
            (r#"["a\ud83d b\u0000\ud83d\ud83e\udd8a\\"]"#, r#"["a\ufffd b\u0000\ufffd\ud83e\udd8a\\"]"#),
            (r#"["\\\ud83d\n"]"#, r#"["\\\ufffd\n"]"#),
        ] {
            assert_eq!(text(half).as_deref(), Some(whole));
        }
        for whole in [
            r#"["\ud83e\udd8a"]"#,
            r#"["\\ud83d"]"#,
            r#"["\u00e9"]"#,
            r#"["\u+d8f"]"#,
            r#"["\ud83"#,
            r"\",
            r"\u",
            "",
        ] {
            assert_eq!(text(whole), None, "{whole}");
        }
    }
}
