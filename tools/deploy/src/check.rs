//! All that can be checked without an account: what osls makes of `serverless.yml` for each stage, and what others think
//! of it.
//!
//! Each step says what it looked at, because a checker that was given nothing finds nothing.

mod checkov;
mod deployer;
mod guard;
mod lint;
mod zips;

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::{Package, Template, root, say};

/// What is checked: each stage as it is, and what a stage may be set to besides.
const VARIANTS: [(&str, &[&str]); 6] = [
    ("dev", &[]),
    ("staging", &["embedder=bedrock", "web=web"]),
    ("prod", &[]),
    ("prod", &["database=database-aurora"]),
    ("prod", &["proxy=database-proxy", "architecture=arm64"]),
    ("prod", &["proxy=database-proxy", "database=database-aurora", "web=web", "size=large"]),
];

/// Checks everything. `artifacts` are packaged functions.
pub fn run(artifacts: &Path) -> Result<()> {
    step("zips", || zips::check(artifacts))?;
    let mut templates = Vec::new();
    step("osls package", || {
        templates = package(artifacts)?;
        let sizes: Vec<_> = templates.iter().map(|template| template.resources().len().to_string()).collect();
        Ok(format!("{} templates of {} resources", templates.len(), sizes.join(", ")))
    })?;
    step("cfn-lint", || lint::check(&templates))?;
    step("cfn-guard", || guard::check(&templates))?;
    step("checkov", || checkov::check(&templates))?;
    step("deployer", || deployer::check(&templates))
}

fn step(name: &str, check: impl FnOnce() -> Result<String>) -> Result<()> {
    let started = Instant::now();
    let found = check().with_context(|| name.to_owned())?;
    say(format_args!("{name}: {found} ({:.0} s)", started.elapsed().as_secs_f64()));
    Ok(())
}

/// The templates of all variants.
fn package(artifacts: &Path) -> Result<Vec<Template>> {
    let home = root().join("target/deploy");
    let _ = fs::remove_dir_all(&home);
    fs::create_dir_all(&home).with_context(|| format!("cannot create {}", home.display()))?;
    let mut templates = Vec::new();
    for (number, (stage, params)) in VARIANTS.iter().enumerate() {
        let how = Package { stage, params, artifacts };
        templates.push(Template::package(&how, &home.join(format!("{number}-{stage}")))?);
    }
    Ok(templates)
}
