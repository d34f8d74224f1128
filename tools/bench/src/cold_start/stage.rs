//! The functions' environment: a database with the schema, an account and memories, all created through the functions.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use lambda_emulator::{Environment, Function, Gateway, SpawnOptions};
use serde_json::json;

use super::Options;
use super::door::{Door, Login};
use super::pooler::{Kept, Pooler};
use super::request::Asked;
use crate::account::Account;
use crate::builds::{Builds, Packaged};
use crate::client::Client;
use crate::database::Database;
use crate::text::Writer;
use measuring::report::say;

/// A prepared database, and an account on it.
pub(super) struct Stage {
    account: Account,
    /// The URL for requests.
    login_url: String,
    /// The URL for `migrate`.
    owner_url: String,
    pub(super) front: Door,
    _pooler: Option<Pooler>,
    _database: Database,
}

/// One function of one build, and its requests.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) function: Packaged,
    pub(super) options: SpawnOptions,
    pub(super) asked: Asked,
}

impl Stage {
    /// Applies the schema, registers and remembers through the functions of the build that others are compared with.
    pub(super) async fn set(builds: &Builds, directory: &Path, options: &Options) -> Result<Self> {
        let database = Database::start(directory).await?;
        let pooler = match &options.pooler {
            Some(program) => {
                let passwords = database.passwords(options.pooler_keeps == Kept::Secret).await?;
                Some(Pooler::start(program, database.address(), &passwords).await?)
            }
            None => None,
        };
        let upstream = pooler.as_ref().map_or_else(|| database.address(), Pooler::address);
        let front = Door::open(upstream, directory, options.login)?;
        let owner_url = database.owner_url();
        let count = options.memories;
        let options = |name: &str, url: &str| -> Result<SpawnOptions> {
            Ok(SpawnOptions::new(name, builds.own(name)?).env("MEM0_DATABASE_URL", url))
        };
        say("applying the schema");
        let mut migrate = Environment::spawn(&options("migrate", &owner_url)?).await?;
        migrate.invoke_raw(Bytes::from_static(b"{}")).await.context("applying the schema")?;
        drop(migrate);

        let login_url = database.login_url().await?;
        let auth = Function::new(options("auth", &login_url)?);
        let memories = Function::new(options("memories", &login_url)?);
        let gateway = Gateway::new()
            .route("/v1/auth", auth.clone())
            .route("/v1/api-keys", auth)
            .route("/v3/memories", memories);
        let gateway = gateway.listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        say("registering an account and adding memories");
        let account = Account::register(gateway.address()).await?;
        remember(gateway.address(), &account, count).await?;
        database.settle().await?;
        Ok(Self {
            account,
            owner_url: front.url(&owner_url)?,
            login_url: front.url(&login_url)?,
            front,
            _pooler: pooler,
            _database: database,
        })
    }

    /// Returns the functions whose requests are defined.
    pub(super) fn subjects(&self, functions: &[Packaged]) -> Result<Vec<Subject>> {
        let mut subjects = Vec::new();
        for function in functions {
            let Some(asked) = Asked::of(&function.name, &self.account)? else {
                say(&format!("{} is not measured: it is not known what to ask it", function.name));
                continue;
            };
            let options = SpawnOptions::new(&function.name, &function.bootstrap);
            let options = match function.name.as_str() {
                "c" | "hello" => options,
                // Tokens are for the functions' login; `hello_connect` is the baseline for passwords.
                "migrate" => self.front.environment(options, &self.owner_url, Login::Password),
                "hello_connect" => self.front.environment(options, &self.login_url, Login::Password),
                _ => self.front.environment(options, &self.login_url, self.front.login),
            };
            subjects.push(Subject { function: function.clone(), options, asked });
        }
        Ok(subjects)
    }
}

impl Subject {
    /// Returns whether it uses the login of the options rather than always a password.
    pub(super) fn uses_own_login(&self) -> bool {
        !matches!(self.function.name.as_str(), "migrate" | "hello_connect")
    }
}

async fn remember(address: SocketAddr, account: &Account, count: u32) -> Result<()> {
    let mut client = Client::connect(address).await?;
    client.authorize(&account.api_key);
    let mut writer = Writer::seeded(1);
    for _ in 0..count / 20 {
        let messages: Vec<_> =
            (0..20).map(|_| json!({ "role": "user", "content": writer.memory() })).collect();
        client.post("/v3/memories/add/", &json!({ "messages": messages, "infer": false })).await?;
    }
    Ok(())
}
