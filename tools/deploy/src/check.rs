//! Every check that needs no AWS account: what osls makes of `serverless.yml` for each stage, and
//! what other tools say about it.
//!
//! Each step reports what it checked, because a checker that was given nothing finds nothing.

mod checkov;
mod costs;
mod deployer;
mod guard;
mod lint;
mod zips;

pub(crate) use zips::architecture;

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use crate::{Package, Template, root, say, template};

/// What is checked: each stage as it is, and further settings that a stage may have.
const VARIANTS: [(&str, &[&str]); 8] = [
    ("dev", &[]),
    (
        "dev",
        &[
            "databaseName=mem0-enterprise-dev-2",
            "restoreFrom=mem0-enterprise-dev-good",
            "publicUrl=https://memory.example.com",
            "edgeSecret={{resolve:secretsmanager:mem0-enterprise-dev-edge}}",
            "readDocuments=on",
            "registration=invitation",
            "allowedOrigins=https://chat.example.com",
        ],
    ),
    (
        "prod",
        &[
            "database=database-aurora",
            "databaseName=mem0-enterprise-prod-2",
            "restoreFrom=mem0-enterprise-prod-good",
        ],
    ),
    ("staging", &["embedder=bedrock", "web=web", "domain=memory.example.com", CERTIFICATE]),
    ("prod", &[]),
    ("prod", &["database=database-aurora"]),
    ("prod", &["proxy=database-proxy", "architecture=arm64"]),
    ("prod", &["proxy=database-proxy", "database=database-aurora", "web=web", "size=large"]),
];

const CERTIFICATE: &str =
    "certificate=arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f";

/// What every stage that is deployed has decided.
const ALARMS: &str = "alarmEmail=on-call@example.com";

/// Configurations that must be refused, because the result could not work, and the expected reason.
const REFUSED: [(&str, &[&str], &str); 13] = [
    ("prod", &[], "nobody would hear the alarms of prod"),
    ("prod", &["--param", "alarmEmail=yes"], "neither an e-mail address nor none"),
    ("dev", &["--param", "anchorMode=compliance"], "neither GOVERNANCE nor COMPLIANCE"),
    ("dev", &["--param", "anchorDays=0"], "anchorDays"),
    ("dev", &["--param", "web=web", "--param", "edgeSecrets=1, 1"], "edgeSecrets"),
    ("dev", &["--param", "web=web", "--param", "edgeSecrets=1, 2, 3"], "edgeSecrets"),
    (
        "dev",
        &["--param", "web=web", "--param", "edgeSecret=mine"],
        "CloudFront (web: web) has a secret of its own",
    ),
    ("dev", &["--param", "databaseName=somebody-elses"], "neither mem0-enterprise-dev nor"),
    ("dev", &["--param", "databaseName=mem0-enterprise-dev-B"], "lower-case"),
    ("production", &[], "there is no stage production"),
    ("dev", &["--region", "il-central-1"], "roots of RDS"),
    ("dev", &["--region", "eu-west-1", "--param", "web=web"], "us-east-1"),
    ("dev", &["--param", "domain=memory.example.com"], "certificate"),
];

/// Runs every check. `artifacts` are the packaged functions.
pub fn run(artifacts: &Path) -> Result<()> {
    step("zips", || zips::check(artifacts))?;
    let mut templates = Vec::new();
    step("osls package", || {
        templates = package(artifacts)?;
        let sizes: Vec<_> = templates.iter().map(|template| template.resources().len().to_string()).collect();
        Ok(format!("{} templates of {} resources", templates.len(), sizes.join(", ")))
    })?;
    step("places", || places(artifacts))?;
    step("cfn-lint", || lint::check(&templates))?;
    step("cfn-guard", || guard::check(&templates))?;
    step("checkov", || checkov::check(&templates))?;
    step("deployer", || deployer::check(&templates))?;
    step("costs", || costs::check(&templates, artifacts))
}

fn step(name: &str, check: impl FnOnce() -> Result<String>) -> Result<()> {
    let started = Instant::now();
    let found = check().with_context(|| name.to_owned())?;
    say(format_args!("{name}: {found} ({:.0} s)", started.elapsed().as_secs_f64()));
    Ok(())
}

/// Packages the templates of all variants.
fn package(artifacts: &Path) -> Result<Vec<Template>> {
    let home = root().join("target/deploy");
    let _ = fs::remove_dir_all(&home);
    fs::create_dir_all(&home).with_context(|| format!("cannot create {}", home.display()))?;
    let mut templates = Vec::new();
    for (number, (stage, params)) in VARIANTS.iter().enumerate() {
        let params = [*params, &[ALARMS]].concat();
        let how = Package { stage, params: &params, artifacts };
        templates.push(Template::package(&how, &home.join(format!("{number}-{stage}")))?);
    }
    Ok(templates)
}

/// Checks that osls refuses configurations that could not work.
fn places(artifacts: &Path) -> Result<String> {
    for (stage, arguments, reason) in REFUSED {
        let said = template::refusal(stage, arguments, artifacts)?;
        ensure!(said.contains(reason), "{stage} {arguments:?} is refused for another reason: {said}");
    }
    Ok(format!("{} are refused", REFUSED.len()))
}
