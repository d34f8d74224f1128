//! Files beside the tests that record their observations, so that every change of those is reviewed.

use std::path::Path;

/// Compares text with a file below `tests/`. If they differ, rewrites the file; the test should then fail.
#[must_use]
pub(crate) fn reviewed_file_changed(file: &str, text: &str) -> bool {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let changed = std::fs::read_to_string(&path).unwrap_or_default() != text;
    if changed {
        std::fs::write(&path, text).unwrap();
    }
    changed
}
