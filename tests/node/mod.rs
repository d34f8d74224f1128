//! Packages from npm that tests and the conformance run use.

pub(crate) mod packages;
