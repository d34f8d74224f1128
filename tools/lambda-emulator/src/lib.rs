//! An emulator of AWS Lambda and of API Gateway HTTP APIs, for functions that are already built.
//!
//! A *function* is a `bootstrap` binary as it would be deployed. This crate starts it with the environment that Lambda
//! would provide, serves it the Runtime API on the loopback interface, sends it events and receives its replies.
//! Ordinary HTTP clients reach one or more functions through a [`Gateway`].
//!
//! Where to start: [`Function::invoke`] for one request to one function, [`Gateway::listen`] for a server,
//! [`Environment`] for a single process with its [`Timings`], which is what a cold-start benchmark needs.
//!
//! It is not a sandbox (no Firecracker, no file-system limits), not a model of slow CPUs or network round
//! trips, and does not implement extensions, response streaming, authorizers or reserved concurrency. It reads
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
