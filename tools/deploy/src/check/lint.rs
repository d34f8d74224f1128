//! cfn-lint: whether CloudFormation would accept the template.

use std::process::Command;

use anyhow::Result;

use crate::run::quietly;
use crate::{Template, tools};

pub(super) fn check(templates: &[Template]) -> Result<String> {
    let mut lint = Command::new(tools::cfn_lint()?);
    // W3005 is caused by osls itself: it names dependencies that are implied.
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
