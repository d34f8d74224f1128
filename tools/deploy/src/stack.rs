//! The whole stack on this machine: deployed by osls as on AWS, to an emulator, with a real PostgreSQL.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::emulator::Emulator;
use crate::{Template, run, say, tools};

/// The stage in `infra/aws/stages` for this stack.
const STAGE: &str = "local";
const NAME: &str = "mem0-enterprise-local";

/// The PostgreSQL that the stack uses.
#[derive(Debug, Clone)]
pub struct Databases {
    /// The URL for the functions.
    pub login: String,
    /// The role in that URL, which `migrate` prepares; empty if it is prepared already.
    pub role: String,
    /// The URL for `migrate`.
    pub owner: String,
}

/// A stack that is up.
#[derive(Debug)]
pub struct Stack {
    emulator: Emulator,
    directory: PathBuf,
    port: u16,
    url: String,
    created: usize,
}

impl Stack {
    /// Starts the emulator in `directory` and deploys the zips of `artifacts` to it. Fails unless every resource of
    /// the template exists afterwards.
    pub async fn up(directory: &Path, port: u16, artifacts: &Path, databases: &Databases) -> Result<Self> {
        std::fs::create_dir_all(directory)?;
        let emulator = Emulator::start(directory, port).await?;
        let mut stack =
            Self { emulator, directory: directory.to_owned(), port, url: String::new(), created: 0 };
        stack.deploy(artifacts, databases).await?;
        Ok(stack)
    }

    /// Deploys again, with other zips or another configuration.
    pub async fn deploy(&mut self, artifacts: &Path, databases: &Databases) -> Result<()> {
        let package = self.directory.join("package");
        let mut osls = self.osls()?;
        osls.args(["deploy", "--stage", STAGE, "--package"]).arg(&package);
        self.configure(&mut osls, artifacts, databases);
        // Packaged separately, so that the expected resources can be counted.
        let mut packaging = self.osls()?;
        packaging.args(["package", "--stage", STAGE, "--package"]).arg(&package);
        self.configure(&mut packaging, artifacts, databases);
        tokio::task::spawn_blocking(move || {
            run::alone(&mut packaging)?;
            run::alone(&mut osls)
        })
        .await??;
        let meant = Template::read(&package)?.resources().len();
        let there = self.resources().await?;
        let missing: Vec<_> = there.iter().filter(|resource| !resource.is_there()).collect();
        if there.len() != meant || !missing.is_empty() {
            bail!("{} of {meant} resources are there, incomplete: {missing:?}", there.len());
        }
        let api = there.iter().find(|resource| resource.logical == "HttpApi").context("there is no API")?;
        self.url = format!("http://127.0.0.1:{}/_aws/execute-api/{}", self.port, api.physical);
        self.created = meant;
        Ok(())
    }

    /// Rolls back to the code before the last deployment.
    pub async fn roll_back(&self, artifacts: &Path, databases: &Databases) -> Result<()> {
        let mut osls = self.osls()?;
        osls.args(["back", "--stage", STAGE]);
        self.configure(&mut osls, artifacts, databases);
        tokio::task::spawn_blocking(move || run::alone(&mut osls)).await??;
        Ok(())
    }

    /// The base URL of its API.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The number of resources.
    #[must_use]
    pub fn created(&self) -> usize {
        self.created
    }

    /// The emulator that the stack runs on.
    #[must_use]
    pub fn emulator(&self) -> &Emulator {
        &self.emulator
    }

    /// Prints its URL and a working command.
    pub fn announce(&self) {
        let Self { url, created, .. } = self;
        say(format_args!(
            "the stack is up: {created} resources, as many as in the template\n\
             \n  API       {url}\n  emulator  {}\n\
             \n  curl -s {url}/v1/auth/register -H 'Content-Type: application/json' \\\
             \n    -d '{{\"email\": \"ada@example.com\", \"password\": \"seven grey herons 7\", \"name\": \"Ada\", \
             \"enterprise_name\": \"Example\"}}'\n\
             \n`make lambda-down` stops it; accounts and memories stay.",
            self.emulator.url(),
        ));
    }

    /// Stops the emulator and everything in it; the database keeps running.
    pub fn down(directory: &Path) -> Result<bool> {
        Emulator::stop_at(directory)
    }

    fn osls(&self) -> Result<Command> {
        let mut osls = tools::osls()?;
        for (name, value) in self.emulator.environment() {
            osls.env(name, value);
        }
        Ok(osls)
    }

    fn configure(&self, osls: &mut Command, artifacts: &Path, databases: &Databases) {
        osls.env("MEM0_ARTIFACTS", artifacts).env("MEM0_EMULATOR_PORT", self.port.to_string());
        osls.env("MEM0_DATABASE_URL", &databases.login).env("MEM0_OWNER_URL", &databases.owner);
        osls.env("MEM0_DATABASE_LOGIN", &databases.role);
    }

    async fn resources(&self) -> Result<Vec<Resource>> {
        let (mut all, mut token) = (Vec::new(), String::new());
        loop {
            let more = if token.is_empty() { String::new() } else { format!("&NextToken={token}") };
            let action = format!("ListStackResources&StackName={NAME}{more}");
            let answer = self.emulator.call("cloudformation", &action).await?;
            all.extend(answer.split("<member>").skip(1).map(Resource::read));
            match between(&answer, "NextToken") {
                Some(next) => next.clone_into(&mut token),
                None => return Ok(all),
            }
        }
    }
}

/// A resource as CloudFormation reports it.
#[derive(Debug)]
struct Resource {
    logical: String,
    physical: String,
    status: String,
}

impl Resource {
    fn read(xml: &str) -> Self {
        let part = |name| between(xml, name).unwrap_or_default().to_owned();
        let (logical, physical) = (part("LogicalResourceId"), part("PhysicalResourceId"));
        Self { logical, physical, status: part("ResourceStatus") }
    }

    /// Returns whether it exists: some emulators report resources as complete that they have not created.
    fn is_there(&self) -> bool {
        !self.physical.is_empty() && matches!(self.status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE")
    }
}

fn between<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0)
}
