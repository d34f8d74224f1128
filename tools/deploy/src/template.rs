//! The CloudFormation template that osls makes of `serverless.yml` for a stage.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value};

use crate::run::alone;
use crate::{root, tools};

/// What to package.
#[derive(Debug, Clone)]
pub struct Package<'a> {
    /// A stage of `infra/aws/stages`.
    pub stage: &'a str,
    /// Settings that differ from the stage's: `database=database-aurora`.
    pub params: &'a [&'a str],
    /// The directory of the zips.
    pub artifacts: &'a Path,
}

/// A packaged template.
#[derive(Debug)]
pub struct Template {
    path: PathBuf,
    json: Value,
}

impl Template {
    /// Packages into `directory`. Needs no account and, once osls is installed, no network.
    pub fn package(how: &Package<'_>, directory: &Path) -> Result<Self> {
        let mut osls = tools::osls()?;
        osls.args(["package", "--stage", how.stage, "--package"]).arg(directory);
        osls.arg("--param").arg(format!("artifacts={}", how.artifacts.display()));
        for param in how.params {
            osls.args(["--param", param]);
        }
        alone(&mut osls).with_context(|| format!("packaging for stage {}", how.stage))?;
        Self::read(directory)
    }

    /// Reads a packaged template.
    pub fn read(directory: &Path) -> Result<Self> {
        let path = directory.join("cloudformation-template-update-stack.json");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self { json: serde_json::from_str(&text)?, path })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The resources by their logical ids.
    #[must_use]
    pub fn resources(&self) -> &Map<String, Value> {
        static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        self.json["Resources"].as_object().unwrap_or(&NONE)
    }

    /// The resources of a type, as logical ids and properties.
    pub fn of_type(&self, name: &str) -> impl Iterator<Item = (&str, &Value)> {
        let resources = self.resources().iter().filter(move |(_, resource)| resource["Type"] == name);
        resources.map(|(id, resource)| (id.as_str(), &resource["Properties"]))
    }

    /// The types of the resources.
    #[must_use]
    pub fn types(&self) -> BTreeSet<&str> {
        self.resources().values().filter_map(|resource| resource["Type"].as_str()).collect()
    }
}

/// Returns the error of osls for a configuration that it must not package.
pub(crate) fn refusal(stage: &str, arguments: &[&str], artifacts: &Path) -> Result<String> {
    let mut osls = tools::osls()?;
    osls.args(["package", "--stage", stage, "--package"]).arg(root().join("target/deploy/refused"));
    osls.arg("--param").arg(format!("artifacts={}", artifacts.display())).args(arguments);
    match alone(&mut osls) {
        Ok(_) => bail!("{stage} {arguments:?} is packaged"),
        Err(refusal) => Ok(format!("{refusal:#}")),
    }
}
