//! npm packages for tests and the conformance run.

pub(crate) mod packages;
