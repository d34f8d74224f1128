//! AWS Lambda and an API Gateway HTTP API, emulated on this machine for functions that are already built.
//!
//! A *function* is a `bootstrap` binary as it would be deployed. This crate starts it with the environment Lambda
//! would give it, serves it the Runtime API on the loopback interface, hands it events and takes its replies.
//! Ordinary HTTP clients reach one or more functions through a [`Gateway`].
//!
//! Where to start: [`Function::invoke`] for one request to one function, [`Gateway::listen`] for a server,
//! [`Environment`] for a single process with its [`Timings`], which is what a cold-start benchmark wants.
//!
//! What it is not: a sandbox (no Firecracker, no file-system limits), a model of slow CPUs or of network round
//! trips, an implementation of extensions, response streaming, authorizers or reserved concurrency. It reads
//! `/proc`, so it runs on Linux only.

mod command;
mod environment;
mod error;
mod event;
mod function;
mod gateway;
mod listener;
mod options;
mod output;
mod process;
mod reply;
mod runtime_api;
mod timings;

pub use environment::Environment;
pub use error::{ErrorReport, InvokeError};
pub use event::{HttpEvent, RequestSource};
pub use function::Function;
pub use gateway::Gateway;
pub use listener::Listening;
pub use options::SpawnOptions;
pub use output::Output;
pub use timings::Timings;
