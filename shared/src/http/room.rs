//! How many rows an answer has room for.
//!
//! Lambda carries 6 MB, and a memory's text may have 30,000 characters. Lists that go on by cursor end early, everything else
//! says what to ask for instead. One process carries more and keeps to the same, so that a client of these routes meets the same
//! everywhere; what is not measured here is refused by Lambda's door (`lambda::answer`).

use std::io;

use serde::Serialize;

use crate::error::{Error, Result};

/// What the rows of an answer may have, in bytes, as Lambda counts them.
const LARGEST: usize = 5_000_000;

/// So many fit, whatever they are: the longest text has 210 kB on its way, metadata and names hardly more.
const ALWAYS: usize = 10;

/// How many of the rows an answer has room for, from the first on; at least one.
#[must_use]
pub fn room(rows: &[impl Serialize]) -> usize {
    if rows.len() <= ALWAYS {
        return rows.len().max(1);
    }
    let mut carried = 0;
    for (fit, row) in rows.iter().enumerate() {
        carried += self::carried(row);
        if carried > LARGEST {
            return fit.max(1);
        }
    }
    rows.len().max(1)
}

/// Whether an answer has room for all of this.
#[must_use]
pub fn has_room(parts: &[&serde_json::Value]) -> bool {
    parts.iter().map(carried).sum::<usize>() <= LARGEST
}

fn carried(part: &impl Serialize) -> usize {
    let mut measure = Measure::default();
    // Nothing that is measured fails to be written, or else the answer will say so.
    let _ = serde_json::to_writer(&mut measure, part);
    measure.0
}

/// Refuses rows that an answer has no room for, as a wrong request: 413 is what mem0's clients take for a quota. `asked` is the
/// field that asked for so many.
///
/// # Errors
/// When there are more.
pub fn require_room(rows: &[impl Serialize], asked: &str, otherwise: &str) -> Result<()> {
    let room = room(rows);
    if room >= rows.len() {
        return Ok(());
    }
    Err(Error::invalid(
        asked,
        format!(
            "{room} of these {} memories fill an answer, which has at most 5 MB: ask for a {asked} of {room} or less, {otherwise}",
            rows.len()
        ),
    ))
}

/// Counts what is written: Lambda puts an answer into a string, where quotes and backslashes are two bytes.
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
        // As JSON a quote is two bytes, and both of them are escaped once more.
        assert_eq!(room(&vec![row("\""); 99]), 12);
        assert_eq!(room(&vec![row("a").repeat(70); 11]), 1, "something has to come");
        let refusal = require_room(&vec![row("a"); 99], "top_k", "or fewer fields").unwrap_err().to_string();
        assert!(refusal.contains("a top_k of 49 or less"), "{refusal}");
        require_room(&vec![row("a"); 49], "top_k", "").unwrap();
    }
}
