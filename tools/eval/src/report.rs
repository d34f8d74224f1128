//! What an evaluation prints: a table for people on standard error, JSON for programs on standard output.

use std::io::{IsTerminal as _, Write as _};

use anyhow::Result;
use serde::Serialize;

/// Where the figures go.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Output {
    /// Print JSON even to a terminal. A file or a pipe always gets it.
    #[arg(long)]
    json: bool,
}

impl Output {
    /// Prints the figures as JSON, unless a person at a terminal has seen them in the table.
    pub(crate) fn print(self, figures: &impl Serialize) -> Result<()> {
        let mut stdout = std::io::stdout().lock();
        if self.json || !stdout.is_terminal() {
            serde_json::to_writer_pretty(&mut stdout, figures)?;
            stdout.write_all(b"\n")?;
        }
        Ok(())
    }
}

/// One line of progress.
pub(crate) fn say(line: &str) {
    // Nobody may be watching any more.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
