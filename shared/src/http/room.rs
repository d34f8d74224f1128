//! How many rows fit into a response.
//!
//! Lambda carries 6 MB, and a memory's text may have 30,000 characters. Lists with cursors end early; everything else
//! says what to request instead. The all-in-one server could carry more but keeps the same limits, so that clients meet
//! the same behaviour everywhere. A response that is not measured here is refused at Lambda's boundary
//! (`lambda::answer`).

use std::io;

use serde::Serialize;

use crate::error::{Error, Result};

/// The maximum size of the rows in a response, in bytes, as Lambda counts them.
const LARGEST: usize = 5_000_000;

/// The same for lists by cursor: some are also exported as files, which Lambda carries in base64, and as CSV, where JSON in
/// a cell has its quotes twice.
const EXPORTED: usize = 3_000_000;

/// This many memories always fit: the longest text takes 210 kB in transit, metadata and names hardly more.
const ALWAYS: usize = 10;

/// What a row takes besides its text, if it has not much more than ids and names.
const ROW: usize = 500;

/// Returns how many of the rows fit into a response, counted from the first; at least one.
#[must_use]
pub fn room(rows: &[impl Serialize]) -> usize {
    if rows.len() <= ALWAYS {
        return rows.len().max(1);
    }
    measured(rows, LARGEST)
}

/// Returns how many rows, of any size, a list by cursor may have, counted from the first; at least one.
pub(crate) fn listed(rows: &[impl Serialize]) -> usize {
    measured(rows, EXPORTED)
}

fn measured(rows: &[impl Serialize], most: usize) -> usize {
    let mut carried = 0;
    for (fit, row) in rows.iter().enumerate() {
        carried += self::carried(row);
        if carried > most {
            return fit.max(1);
        }
    }
    rows.len().max(1)
}

/// Whether all of this fits into a response.
#[must_use]
pub fn has_room(parts: &[&serde_json::Value]) -> bool {
    parts.iter().map(carried).sum::<usize>() <= LARGEST
}

/// Whether texts of this many bytes may fit into a response.
pub(crate) fn has_room_for(bytes: usize) -> bool {
    bytes <= LARGEST
}

/// Returns how many of these texts, counted from the first, fit into a response that has so many rows, and each of them
/// so many times.
pub(crate) fn texts<'a>(rows: usize, copies: usize, texts: impl Iterator<Item = &'a str>) -> usize {
    let mut carried = rows * ROW * copies;
    texts
        .take_while(|text| {
            carried += self::carried(text) * copies;
            carried <= LARGEST
        })
        .count()
}

fn carried(part: &impl Serialize) -> usize {
    let mut measure = Measure::default();
    // Writing to the measure cannot fail; if serialization fails, the response will report it.
    let _ = serde_json::to_writer(&mut measure, part);
    measure.0
}

/// Refuses rows that do not fit into a response, as an invalid request: mem0's clients would take 413 for a quota.
/// `asked` is the field that requested that many.
///
/// # Errors
/// If there are more.
pub fn require_room(rows: &[impl Serialize], asked: &str, otherwise: &str) -> Result<()> {
    require(room(rows), rows.len(), "memories", asked, otherwise)
}

/// The same for rows that are called `what` and may be of any size.
///
/// # Errors
/// If there are more.
pub fn require_measured_room(
    rows: &[impl Serialize],
    what: &str,
    asked: &str,
    otherwise: &str,
) -> Result<()> {
    require(measured(rows, LARGEST), rows.len(), what, asked, otherwise)
}

fn require(room: usize, rows: usize, what: &str, asked: &str, otherwise: &str) -> Result<()> {
    if room >= rows {
        return Ok(());
    }
    let problem = format!(
        "{room} of these {rows} {what} fill an answer, which has at most 5 MB: ask for a {asked} of {room} or less, {otherwise}"
    );
    Err(Error::invalid(asked, problem))
}

/// Counts the bytes written. Lambda puts a response into a string, where quotes and backslashes take two bytes.
#[derive(Default)]
struct Measure(usize);

impl io::Write for Measure {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() + bytes.iter().filter(|byte| matches!(byte, b'"' | b'\\')).count();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_fit_until_they_have_five_megabytes_and_quotes_count_twice() {
        let row = |text: &str| text.repeat(100_000 / text.len());
        assert_eq!(room(&[] as &[String]), 1);
        assert_eq!(room(&vec![row("a"); 49]), 49);
        assert_eq!(room(&vec![row("a"); 99]), 49);
        // In JSON a quote takes two bytes, and both of them are escaped once more.
        assert_eq!(room(&vec![row("\""); 99]), 12);
        assert_eq!(room(&vec![row("a").repeat(70); 11]), 1, "something has to come");
        let refusal = require_room(&vec![row("a"); 99], "top_k", "or fewer fields").unwrap_err().to_string();
        assert!(refusal.contains("a top_k of 49 or less"), "{refusal}");
        require_room(&vec![row("a"); 49], "top_k", "").unwrap();
        let refusal =
            require_measured_room(&vec![row("a").repeat(10); 7], "versions", "limit", "").unwrap_err();
        assert!(refusal.to_string().contains("4 of these 7 versions"), "{refusal}");
    }
}
