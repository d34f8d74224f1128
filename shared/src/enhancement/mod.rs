//! Prompt enhancement: puts what a person remembers in front of their prompt, for a language model that somebody else
//! calls.
//!
//! [`enhance`] searches everything that the caller sees, and inserts the results as one [`block`] of bounded length
//! into the user's turn. No model is called, so the same request over the same memories always gives the same result.
//!
//! Memories are user input, and may have been written as prompt injections. So they are placed in the user's message,
//! never in the system's; between two tags that no memory can close; each on a line that names its origin; under a
//! sentence that says they are data.
//!
//! Not here: searching ([`crate::memory`]), why somebody sees something ([`crate::sharing::hierarchy`]), HTTP
//! (`functions/ai-enhancement`).

mod block;
mod prompt;
mod service;

pub use prompt::{Enhanced, Format, MAX_MESSAGES, MAX_PROMPT, Prompt};
pub use service::{
    DEFAULT_MAX_TOKENS, DEFAULT_THRESHOLD, Enhance, Enhancement, MAX_NAMED, MAX_TOP_K, Mentioned, Unchanged,
    enhance,
};
