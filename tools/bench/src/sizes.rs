//! Sizes: what is uploaded, and what is loaded at every cold start.

use anyhow::Result;
use serde::Serialize;

use crate::builds::Builds;
use measuring::report;

/// The figures.
#[derive(Debug, Serialize)]
pub(crate) struct Sizes {
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    build: String,
    bootstrap_bytes: u64,
    zip_bytes: u64,
}

/// Reads the sizes.
pub(crate) fn run(builds: &Builds) -> Result<Sizes> {
    let packaged = builds.all()?;
    let lines: Vec<Vec<String>> = packaged
        .iter()
        .map(|function| {
            vec![function.title(), megabytes(function.bootstrap_bytes), megabytes(function.zip_bytes)]
        })
        .collect();
    report::table(&["function", "binary MB", "zip MB"], &lines);
    let rows = packaged.into_iter().map(|function| Row {
        name: function.name,
        build: function.build,
        bootstrap_bytes: function.bootstrap_bytes,
        zip_bytes: function.zip_bytes,
    });
    Ok(Sizes { rows: rows.collect() })
}

/// Formats a number of bytes in millions.
#[allow(clippy::cast_precision_loss, reason = "files are far below 2^53 bytes")]
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.2}", bytes as f64 / 1e6)
}
