//! Integers of more than 64 bits: read as floating point, most of them would silently be others.

/// Returns where the first integer in a JSON text begins and ends that has more than 64 bits and would not be kept.
pub(super) fn too_long(text: &[u8]) -> Option<(usize, usize)> {
    let (mut at, mut quoted) = (0, false);
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b'-' | b'0'..=b'9' if !quoted => {
                let rest = &text[at..];
                let of_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
                let length = rest.iter().position(|byte| !of_number(byte)).unwrap_or(rest.len());
                if is_too_long(&rest[..length]) {
                    return Some((at, at + length));
                }
                at += length;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

fn is_too_long(number: &[u8]) -> bool {
    let digits = number.strip_prefix(b"-").unwrap_or(number);
    if digits.len() < 19 || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let text = std::str::from_utf8(number).unwrap_or_default();
    if text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok() {
        return false;
    }
    // JavaScript writes 1e20 as 100000000000000000000. That is kept: the same digits count.
    let kept = text.parse::<f64>().map(|number| format!("{:e}", number.abs())).unwrap_or_default();
    let kept = kept.split('e').next().unwrap_or_default().replace('.', "");
    text.trim_start_matches(['-', '0']).trim_end_matches('0') != kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_beyond_64_bits_are_found() {
        for (text, found) in [
            ("[1, 18446744073709551617]", Some("18446744073709551617")),
            (r#"{"a\"1": -9223372036854775809}"#, Some("-9223372036854775809")),
            ("[18446744073709552000, -100000000000000000000, 123456789012345680000]", None),
            ("[18446744073709551615, -9223372036854775808]", None),
            ("[1e30, 12345678901234567890123.5, 12345678901234567890123e1]", None),
            (r#"["12345678901234567890123", "\"12345678901234567890123"]"#, None),
            (r#"["\"#, None),
            ("", None),
        ] {
            let place = too_long(text.as_bytes());
            assert_eq!(place.map(|(from, to)| &text[from..to]), found, "{text}");
        }
    }
}
