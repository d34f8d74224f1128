//! Files beside the tests that record what the tests saw, so that every change of it is reviewed.

use std::path::Path;

/// Compares with a file below `tests/`. Where they differ the file is written anew, and the test should fail.
#[must_use]
pub(crate) fn reviewed_file_changed(file: &str, text: &str) -> bool {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let changed = std::fs::read_to_string(&path).unwrap_or_default() != text;
    if changed {
        std::fs::write(&path, text).unwrap();
    }
    changed
}
