//! The contents of the workspace, according to cargo.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::cargo;

/// The one package in `functions/` that is not a Lambda function but a process of its own.
const ALL_IN_ONE: &str = "server";

/// The workspace's root directory and its Lambda functions.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// Cargo's own output directory.
    pub(crate) target: PathBuf,
    pub(crate) functions: Vec<Function>,
}

/// A binary that speaks the Lambda Runtime API.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Function {
    /// The name of the binary and of the deployed function.
    pub(crate) name: String,
    pub(crate) package: String,
    /// Whether it lives in `functions/`. Others (the hello of the benchmarks) are built only when named.
    pub(crate) deployed: bool,
    /// Whether its release build is optimized for size, because it spends its time waiting:
    /// `[package.metadata.lambda] optimize = "size"` in its manifest.
    pub(crate) small: bool,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
    targets: Vec<Target>,
    metadata: Option<Described>,
}

#[derive(Default, Deserialize)]
struct Described {
    lambda: Option<Lambda>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lambda {
    optimize: Goal,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Goal {
    Size,
    Speed,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl Workspace {
    /// Loads the workspace's metadata from cargo.
    ///
    /// # Errors
    /// If the workspace's manifests do not load.
    pub(crate) fn load() -> Result<Self> {
        let json = cargo::read(
            cargo::command("cargo").args(["metadata", "--format-version=1", "--no-deps"]),
            "cargo metadata",
        )?;
        let metadata: Metadata = serde_json::from_str(&json).context("cargo metadata")?;
        let home = metadata.workspace_root.join("functions");
        let mut functions = Vec::new();
        for package in metadata.packages {
            let deployed = package.manifest_path.starts_with(&home) && package.name != ALL_IN_ONE;
            if deployed || package.uses_lambda_http() {
                functions.extend(package.binaries().map(|name| Function {
                    name: name.to_owned(),
                    package: package.name.clone(),
                    deployed,
                    small: package.goal() == Goal::Size,
                }));
            }
        }
        functions.sort();
        Ok(Self { root: metadata.workspace_root, target: metadata.target_directory, functions })
    }

    /// Returns the functions of these names, or all deployed ones if no name is given.
    ///
    /// # Errors
    /// If a name is unknown.
    pub(crate) fn select(&self, names: &[String]) -> Result<Vec<Function>> {
        if names.is_empty() {
            return Ok(self.functions.iter().filter(|function| function.deployed).cloned().collect());
        }
        names.iter().map(|name| self.find(name)).collect()
    }

    fn find(&self, name: &str) -> Result<Function> {
        if let Some(function) = self.functions.iter().find(|function| function.name == name) {
            return Ok(function.clone());
        }
        let known: Vec<&str> = self.functions.iter().map(|function| function.name.as_str()).collect();
        bail!("no function is called {name}; there are {}", known.join(", "))
    }
}

impl Package {
    fn uses_lambda_http(&self) -> bool {
        self.dependencies
            .iter()
            .any(|dependency| dependency.kind.is_none() && dependency.name == "lambda_http")
    }

    fn goal(&self) -> Goal {
        let lambda = self.metadata.as_ref().and_then(|metadata| metadata.lambda.as_ref());
        lambda.map_or(Goal::Speed, |lambda| lambda.optimize)
    }

    fn binaries(&self) -> impl Iterator<Item = &str> {
        let binaries = self.targets.iter().filter(|target| target.kind.iter().any(|kind| kind == "bin"));
        binaries.map(|target| target.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_of_this_workspace_are_found() {
        let workspace = Workspace::load().unwrap();
        let deployed = workspace.select(&[]).unwrap();
        let names: Vec<&str> = deployed.iter().map(|function| function.name.as_str()).collect();
        for expected in ["admin", "ai-enhancement", "auth", "mcp", "memories", "migrate", "worker"] {
            assert!(names.contains(&expected), "{names:?}");
        }
        assert!(!names.contains(&"server") && !names.contains(&"hello"), "{names:?}");
        assert_eq!(workspace.select(&["hello".into()]).unwrap()[0].package, "lambda-hello");
        let error = workspace.select(&["nonesuch".into()]).unwrap_err().to_string();
        assert!(error.contains("nonesuch") && error.contains("memories"), "{error}");
    }
}
