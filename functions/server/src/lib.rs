//! The all-in-one server.
