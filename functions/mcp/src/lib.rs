//! The mcp function.
