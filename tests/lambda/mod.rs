//! The functions as deployed: packaged, started from their zips by an emulated Lambda, called over HTTP.
//!
//! `routes` tests what each route does; these tests cover only what packaging, the runtime, the gateway and the life
//! of an execution environment can break. Start with [`deployment`].

mod boundary;
mod crowd;
mod custom_resource;
mod deployment;
mod freeze;
mod gateways;
pub(crate) mod journey;
mod migrate;
pub(crate) mod packages;
mod payloads;
mod thaw;
pub(crate) mod visitor;
mod wall_clock;
mod watch;
mod worker;
