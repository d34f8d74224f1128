//! Output: progress and tables for people on standard error, JSON for programs on standard output.

use std::io::{IsTerminal as _, Write as _};

use anyhow::Result;
use serde::Serialize;

/// Where the figures go.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Output {
    /// Print JSON even to a terminal. A file or a pipe always gets it.
    #[arg(long)]
    json: bool,
}

impl Output {
    /// Prints the figures as JSON, unless a person at a terminal has seen them in the table.
    ///
    /// # Errors
    /// If standard output cannot be written to.
    pub fn print(self, figures: &impl Serialize) -> Result<()> {
        let mut stdout = std::io::stdout().lock();
        if self.json || !stdout.is_terminal() {
            serde_json::to_writer_pretty(&mut stdout, figures)?;
            stdout.write_all(b"\n")?;
        }
        Ok(())
    }
}

/// Prints one line of progress.
pub fn say(line: &str) {
    // Nobody may be watching any more.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Prints a table whose first column is text and whose others are numbers.
pub fn table(header: &[&str], rows: &[Vec<String>]) {
    for line in layout(header, rows) {
        say(&line);
    }
}

fn layout(header: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let header = header.iter().map(|&cell| cell.to_owned()).collect();
    let lines: Vec<&Vec<String>> = std::iter::once(&header).chain(rows).collect();
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let align = |line: &&Vec<String>| {
        let cells = line.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| match column {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ")
    };
    lines.iter().map(align).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_under_each_other() {
        let rows = [vec!["search".to_owned(), "1.5".to_owned()], vec!["add".to_owned(), "10.25".to_owned()]];
        assert_eq!(layout(&["name", "ms"], &rows), ["name       ms", "search    1.5", "add     10.25"]);
    }
}
