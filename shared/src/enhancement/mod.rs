//! Prompt enhancement: a person's prompt with what they remember in front of it, for a language model that somebody else
//! calls.
//!
//! [`enhance`] is a search over everything that the caller sees, and what it finds goes as one [`block`] of bounded length
//! into the user's turn. No model is called, so the same request over the same memories always answers the same.
//!
//! Memories are what people wrote, and one of them may have been written to be obeyed. So they go where the user speaks,
//! never where the system does; between two tags that no memory can close; each in a line that names its origin; under a
//! sentence that says they are data.
//!
//! Not here: finding ([`crate::memory`]), why somebody sees something ([`crate::sharing::hierarchy`]), HTTP
//! (`functions/ai-enhancement`).

mod block;
mod prompt;
mod service;

pub use prompt::{Enhanced, Format, MAX_MESSAGES, MAX_PROMPT, Prompt};
pub use service::{
    DEFAULT_MAX_TOKENS, DEFAULT_THRESHOLD, Enhance, Enhancement, MAX_NAMED, MAX_TOP_K, Mentioned, Unchanged,
    enhance,
};
