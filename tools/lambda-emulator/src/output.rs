//! The output of a function, kept to explain failures.

use std::{
    io::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    task::JoinHandle,
};

/// How many bytes are kept per function; older lines are dropped first.
const KEPT: usize = 1 << 20;
/// How many bytes of output are quoted in an error.
const TAIL: usize = 4096;

/// The lines that the environments of one function wrote to standard output and standard error, in order of arrival.
/// Clones share the same lines.
#[derive(Clone, Debug)]
pub struct Output {
    name: Arc<str>,
    forward: bool,
    text: Arc<Mutex<String>>,
}

impl Output {
    pub(crate) fn new(name: &str, forward: bool) -> Self {
        Self { name: name.into(), forward, text: Arc::default() }
    }

    /// Returns everything kept, at most 1 MiB.
    pub fn text(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the last few kilobytes, from the start of a line.
    pub(crate) fn tail(&self) -> String {
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let from = text.len().saturating_sub(TAIL);
        let start = if from == 0 { 0 } else { line_start(&text, from) };
        text[start..].trim_end().to_owned()
    }

    /// Adds a line.
    pub(crate) fn push(&self, line: &str) {
        if self.forward {
            // Standard error may be closed; losing the copy must not affect the function.
            let _ = writeln!(std::io::stderr().lock(), "[{}] {line}", self.name);
        }
        let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        text.push_str(line);
        text.push('\n');
        if text.len() > 2 * KEPT {
            let start = line_start(&text, text.len() - KEPT);
            text.drain(..start);
        }
    }

    /// Reads a pipe to its end, line by line.
    pub(crate) fn follow(&self, pipe: impl AsyncRead + Unpin + Send + 'static) -> JoinHandle<()> {
        let output = self.clone();
        tokio::spawn(async move {
            let mut reader = BufReader::new(pipe);
            let mut line = Vec::new();
            while matches!(reader.read_until(b'\n', &mut line).await, Ok(1..)) {
                output.push(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
                line.clear();
            }
        })
    }
}

/// Returns the first start of a line at or after `from`, which need not be a character boundary.
fn line_start(text: &str, from: usize) -> usize {
    text.as_bytes()[from..].iter().position(|&byte| byte == b'\n').map_or(text.len(), |at| from + at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_keeps_whole_lines_of_the_end() {
        let output = Output::new("flood", false);
        for number in 0..300_000 {
            output.push(&format!("line {number} ü"));
        }
        let text = output.text();
        assert!(text.len() <= 2 * KEPT, "{}", text.len());
        assert!(text.starts_with("line "));
        assert!(text.ends_with("line 299999 ü\n"));
        assert!(output.tail().len() <= TAIL);
        assert!(output.tail().starts_with("line "));
    }
}
