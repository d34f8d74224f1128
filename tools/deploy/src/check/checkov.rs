//! checkov: common security checks. The ones that we deliberately fail are in
//! `infra/aws/rules/checkov.yml`, with reasons.

use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::{Template, root, tools};

/// Fewer checks mean that checkov did not read the template; it then reports no failures.
const AT_LEAST: u64 = 50;

pub(super) fn check(templates: &[Template]) -> Result<String> {
    let mut checkov = Command::new(tools::checkov()?);
    checkov.arg("--config-file").arg(root().join("infra/aws/rules/checkov.yml")).args(["--output", "json"]);
    for template in templates {
        checkov.arg("--file").arg(template.path());
    }
    let output = checkov.output().context("cannot run checkov")?;
    let report: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("checkov: {}", String::from_utf8_lossy(&output.stderr)))?;
    let summary = &report["summary"];
    let count = |name: &str| summary[name].as_u64().with_context(|| format!("checkov says no {name}"));
    ensure!(count("parsing_errors")? == 0, "checkov could not read a template");
    let passed = count("passed")?;
    ensure!(passed >= AT_LEAST * templates.len() as u64, "checkov made only {passed} checks");
    if count("failed")? > 0 {
        bail!("{}", failures(&report));
    }
    Ok(format!("{passed} checks passed"))
}

fn failures(report: &Value) -> String {
    let failed = report["results"]["failed_checks"].as_array().cloned().unwrap_or_default();
    let line =
        |check: &Value| format!("\n  {} {}: {}", check["check_id"], check["resource"], check["check_name"]);
    failed.iter().map(line).collect()
}
