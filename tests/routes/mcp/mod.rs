//! `POST /mcp`.

mod bad_messages;
mod cancellation;
pub(super) mod client;
mod completion;
mod confirmation;
mod confirmed_shares;
mod connectors;
mod enhance_prompt;
mod envelope;
mod eras;
mod known_callers;
mod notices;
mod prompts;
mod resources;
mod shared_reads;
mod sweeps;
mod tools;
mod wrong_arguments;
