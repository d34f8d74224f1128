//! The style of the pages: one small inline style sheet, allowed by its hash only.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The style sheet exactly as browsers hash it: everything between the tags.
pub(super) const CSS: &str = include_str!("style.css");

/// The SHA-256 of the style sheet, for the policy.
pub(super) fn hash() -> &'static str {
    static HASH: LazyLock<String> = LazyLock::new(|| STANDARD.encode(Sha256::digest(CSS.as_bytes())));
    &HASH
}
