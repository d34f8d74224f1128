//! Deployment to AWS, rollback and removal.

use std::path::Path;

use anyhow::{Result, bail, ensure};

use crate::check::architecture;
use crate::{run, say, tools};

/// Settings that may be given for one deployment. The next deployment would forget any
/// other setting and undo its effect.
const FOR_ONCE: [&str; 1] = ["shift"];

/// What to deploy, and where.
#[derive(Debug, Clone)]
pub struct Release<'a> {
    /// `dev`, `staging` or `prod`.
    pub stage: &'a str,
    /// The region; by default that of `serverless.yml`.
    pub region: Option<&'a str>,
    /// Settings that differ from the stage's for this deployment.
    pub params: &'a [String],
}

impl Release<'_> {
    /// Deploys the zips of `artifacts`. The stack migrates the database and only then moves traffic; if that fails,
    /// CloudFormation rolls everything back, and this returns an error.
    pub fn deploy(&self, artifacts: &Path) -> Result<()> {
        if self.stage == "local" {
            bail!("`make lambda-up` brings the stack up on this machine");
        }
        for param in self.params {
            let name = param.split('=').next().unwrap_or_default();
            ensure!(
                FOR_ONCE.contains(&name),
                "{name}: write it into infra/aws/stages/{}.yml, or the next deployment forgets it",
                self.stage
            );
        }
        let mut osls = self.osls("deploy")?;
        osls.arg("--param").arg(format!("artifacts={}", artifacts.display()));
        // The architecture of the packaged zips.
        osls.arg("--param").arg(format!("architecture={}", architecture(artifacts)?));
        say(format_args!("deploying to {}", self.stage));
        run::openly(&mut osls)
    }

    /// Rolls back to the code before the last deployment (infra/aws/previous.cjs). The schema stays:
    /// code runs on every newer schema.
    pub fn roll_back(&self) -> Result<()> {
        say(format_args!("back to the code that {} had before its last deployment", self.stage));
        run::openly(&mut self.osls("back")?)
    }

    /// Removes the stack; `confirmed` must repeat its stage.
    pub fn remove(&self, confirmed: &str) -> Result<()> {
        ensure!(confirmed == self.stage, "to remove {0}, confirm it: CONFIRM={0}", self.stage);
        say(format_args!("removing {}", self.stage));
        run::openly(&mut self.osls("remove")?)
    }

    fn osls(&self, command: &str) -> Result<std::process::Command> {
        let mut osls = tools::osls()?;
        osls.args([command, "--stage", self.stage]);
        if let Some(region) = self.region {
            osls.args(["--region", region]);
        }
        for param in self.params {
            osls.args(["--param", param]);
        }
        Ok(osls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(stage: &str, params: &[&str]) -> String {
        let params: Vec<String> = params.iter().map(|&param| param.to_owned()).collect();
        let release = Release { stage, region: None, params: &params };
        release.deploy(Path::new("nowhere")).unwrap_err().to_string()
    }

    #[test]
    fn what_the_next_deployment_would_forget_is_refused() {
        let refusal = refusal("prod", &["shift=none", "web=web"]);
        assert_eq!(
            refusal,
            "web: write it into infra/aws/stages/prod.yml, or the next deployment forgets it"
        );
    }

    #[test]
    fn a_stage_is_removed_by_whoever_says_its_name_twice() {
        let release = Release { stage: "prod", region: None, params: &[] };
        assert!(release.remove("dev").unwrap_err().to_string().contains("CONFIRM=prod"));
    }
}
