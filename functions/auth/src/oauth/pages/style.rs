//! The pages' looks: one small style sheet within the page, allowed by its hash and by nothing else.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// As browsers hash it: everything between the tags.
pub(super) const CSS: &str = include_str!("style.css");

/// Its SHA-256, for the policy.
pub(super) fn hash() -> &'static str {
    static HASH: LazyLock<String> = LazyLock::new(|| STANDARD.encode(Sha256::digest(CSS.as_bytes())));
    &HASH
}
