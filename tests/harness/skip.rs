//! Tests that need a program which not every machine has.

/// Says that a test is skipped because something is missing. Where everything has been installed, as in `.ci/run`
/// (`MEM0_TEST_NO_SKIPS`), that is a failure.
pub(crate) fn skip(missing: &str, script: &str) {
    let allowed = shared::config::variable("MEM0_TEST_NO_SKIPS").is_none();
    assert!(allowed, "{script} was run, and there is no {missing}");
    eprintln!("skipped: there is no {missing}, run {script}");
}
