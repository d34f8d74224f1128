//! cfn-lint: whether CloudFormation would take it.

use std::process::Command;

use anyhow::Result;

use crate::run::quietly;
use crate::{Template, tools};

pub(super) fn check(templates: &[Template]) -> Result<String> {
    let mut lint = Command::new(tools::cfn_lint()?);
    // Of osls itself: it names dependencies that are implied.
    lint.args([
        "--regions",
        "us-east-1",
        "--ignore-checks",
        "W3005",
        "--non-zero-exit-code",
        "warning",
        "--template",
    ]);
    lint.args(templates.iter().map(Template::path));
    quietly(&mut lint)?;
    Ok(format!("{} templates without a warning", templates.len()))
}
