//! Numbers in a text, as they are compared: whole, and without thousands separators. 500 is not a part of 1,500, and 0.7
//! is not 7.

use std::borrow::Cow;
use std::ops::Range;

/// Characters that may separate the digits of one number: `1,500`, `0.7`, `9:30`, `1'500`.
const SEPARATORS: &[char] = &['.', ',', ':', '\'', '’'];

/// Yields the place of each number. Digits that are part of a word are none: `OPS-12` has 12, `k8s` nothing.
pub(super) fn places(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let start = from + text[from..].find(|c: char| c.is_ascii_digit())?;
            let end = end(text, start);
            let beside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            let part = beside(text[..start].chars().next_back()) || beside(text[end..].chars().next());
            from = match part {
                // The rest of the word, so that the `2` of `2x3` is not taken for a word of its own.
                true => {
                    text[end..].find(|c: char| !c.is_alphanumeric()).map_or(text.len(), |word| end + word)
                }
                false => end,
            };
            if !part {
                return Some(start..end);
            }
        }
    })
}

/// Returns the end of the number that starts there.
fn end(text: &str, start: usize) -> usize {
    let mut end = start;
    let mut rest = text[start..].char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        let inner = SEPARATORS.contains(&c) && rest.peek().is_some_and(|(_, next)| next.is_ascii_digit());
        match c.is_ascii_digit() || inner {
            true => end = start + at + c.len_utf8(),
            false => break,
        }
    }
    end
}

/// Returns a number without thousands separators, and with a decimal point instead of a comma.
pub(super) fn plain(number: &str) -> Cow<'_, str> {
    if number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Cow::Borrowed(number);
    }
    let mut groups = number.split(SEPARATORS);
    let first = groups.next().unwrap_or_default();
    let (count, thousands) =
        groups.fold((0, true), |(count, all), group| (count + 1, all && group.len() == 3));
    let separator = number[first.len()..].chars().next();
    // A single dot is a decimal point: 2.500 may be either.
    let grouped = thousands
        && (1..=3).contains(&first.len())
        && !first.starts_with('0')
        && (count > 1 || !matches!(separator, Some('.' | ':')));
    match grouped {
        true => Cow::Owned(number.replace(SEPARATORS, "")),
        false => Cow::Owned(number.replace(',', ".")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        places(text).map(|place| plain(&text[place]).into_owned()).collect()
    }

    #[test]
    fn numbers_are_whole() {
        for (text, numbers) in [
            ("1,500 euros, not 500.", &["1500", "500"][..]),
            ("from 9:30 on, 0.7 percent", &["9:30", "0.7"]),
            ("2.500.000 or 2 500", &["2500000", "2", "500"]),
            ("version 4.2, 3,5 km, 1'200", &["4.2", "3.5", "1200"]),
            ("OPS-12, k8s, p95 and v2.3", &["12"]),
            ("10.0.0.1 at 2026-11-29", &["10.0.0.1", "2026", "11", "29"]),
            ("", &[]),
        ] {
            assert_eq!(found(text), numbers, "{text}");
        }
    }
}
