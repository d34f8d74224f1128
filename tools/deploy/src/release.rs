//! Deploying for real, and going back.

use std::path::Path;

use anyhow::{Result, bail};

use crate::{run, say, tools};

/// What to deploy where.
#[derive(Debug, Clone)]
pub struct Release<'a> {
    /// `dev`, `staging` or `prod`.
    pub stage: &'a str,
    /// Where; that of `serverless.yml` when none is given.
    pub region: Option<&'a str>,
    /// What differs from the stage's settings.
    pub params: &'a [String],
}

impl Release<'_> {
    /// Deploys the zips of `artifacts`. The stack migrates the database, and only then moves traffic; when that fails
    /// CloudFormation takes all of it back, and this fails.
    pub fn deploy(&self, artifacts: &Path) -> Result<()> {
        if self.stage == "local" {
            bail!("`make lambda-up` brings the stack up on this machine");
        }
        let mut osls = self.osls("deploy")?;
        osls.arg("--param").arg(format!("artifacts={}", artifacts.display()));
        say(format_args!("deploying to {}", self.stage));
        run::openly(&mut osls)
    }

    /// Lists the deployments that one can go back to.
    pub fn list(&self) -> Result<()> {
        run::openly(self.osls("deploy")?.arg("list"))
    }

    /// Goes back to an earlier deployment. The schema stays: code runs on every newer one.
    pub fn roll_back(&self, to: &str) -> Result<()> {
        say(format_args!("rolling {} back to {to}", self.stage));
        run::openly(self.osls("rollback")?.args(["--timestamp", to]))
    }

    fn osls(&self, command: &str) -> Result<std::process::Command> {
        let mut osls = tools::osls()?;
        osls.args(command.split(' ')).args(["--stage", self.stage]);
        if let Some(region) = self.region {
            osls.args(["--region", region]);
        }
        for param in self.params {
            osls.args(["--param", param]);
        }
        Ok(osls)
    }
}
