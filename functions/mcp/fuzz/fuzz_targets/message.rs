//! Fuzzes headers and a body, as `POST /mcp` reads them.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mcp::fuzzing::read(data));
