//! The functions as they are deployed: packaged, started from their zips by an emulated Lambda, called over HTTP.
//!
//! What each route means is tested in `routes`; here is only what packaging, the runtime, the gateway and the life of
//! an execution environment can break. Start with [`deployment`].

mod boundary;
mod custom_resource;
mod deployment;
mod freeze;
mod gateways;
pub(crate) mod journey;
mod migrate;
pub(crate) mod packages;
mod payloads;
pub(crate) mod visitor;
mod watch;
mod worker;
