//! Preserves a text's byte order mark and line endings when it is edited.

/// The byte order mark that some Windows editors write.
pub(super) const BYTE_ORDER_MARK: char = '\u{feff}';

/// Edits a text without its byte order mark and with line feeds only, and restores both.
pub(super) fn keeping<E>(text: &str, edit: impl FnOnce(&str) -> Result<String, E>) -> Result<String, E> {
    let (mark, text) = match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => (Some(BYTE_ORDER_MARK), rest),
        None => (None, text),
    };
    let after = if text.contains("\r\n") {
        ended_like(text, &edit(&text.replace("\r\n", "\n"))?)
    } else {
        edit(text)?
    };
    Ok(mark.into_iter().chain(after.chars()).collect())
}

/// A line and its ending.
type Line<'a> = (&'a str, &'a str);

/// Keeps the endings of unchanged lines at both ends of the text; the lines between get the most common ending.
fn ended_like(before: &str, after: &str) -> String {
    let before: Vec<Line<'_>> = before.split_inclusive('\n').map(end).collect();
    let after: Vec<Line<'_>> = after.split_inclusive('\n').map(end).collect();
    let usual =
        if before.iter().filter(|line| line.1 == "\r\n").count() * 2 > before.len() { "\r\n" } else { "\n" };
    let same = |(old, new): &(&Line<'_>, &Line<'_>)| old.0 == new.0 && old.1.is_empty() == new.1.is_empty();
    let head = before.iter().zip(&after).take_while(same).count();
    let rest = before.len().min(after.len()) - head;
    let tail = before.iter().rev().zip(after.iter().rev()).take(rest).take_while(same).count();
    let mut text = String::new();
    for (place, (line, ended)) in after.iter().enumerate() {
        text.push_str(line);
        text.push_str(if place < head {
            before[place].1
        } else if place + tail >= after.len() {
            before[place + before.len() - after.len()].1
        } else if ended.is_empty() {
            ""
        } else {
            usual
        });
    }
    text
}

/// Splits a line from its ending.
fn end(line: &str) -> Line<'_> {
    let content = line.strip_suffix('\n').map_or(line, |rest| rest.strip_suffix('\r').unwrap_or(rest));
    line.split_at(content.len())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics says where it broke")]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn lines_end_as_they_did_and_new_ones_as_most_do() {
        for (before, after) in [
            ("a\r\nb\r\n", "a\r\nnew\r\nb\r\n"),
            ("\u{feff}a\r\nb\n", "\u{feff}a\r\nnew\nb\n"),
            ("a\r\nc\r\nb", "a\r\nnew\r\nc\r\nb"),
            ("a\nb\r\nc\r\n", "a\nnew\r\nb\r\nc\r\n"),
            ("\u{feff}a\nb", "\u{feff}a\nnew\nb"),
        ] {
            let edit = |text: &str| Ok::<_, Infallible>(text.replacen("a\n", "a\nnew\n", 1));
            assert_eq!(keeping(before, edit).unwrap(), after);
            assert_eq!(keeping(before, |text| Ok::<_, Infallible>(text.to_owned())).unwrap(), before);
        }
    }
}
