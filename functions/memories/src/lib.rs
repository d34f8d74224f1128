//! The memories function.
