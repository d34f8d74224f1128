//! A deployment on this machine: functions, gateway, database.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use lambda_emulator::{Function, Gateway, InvokeError, Listening, SpawnOptions};
use serde_json::Value;
use tempfile::TempDir;

use super::packages;
use super::visitor::Visitor;
use crate::harness::TestDatabase;

/// The name by which clients know the deployment; it leads to the gateway.
const HOST: &str = "api.mem0.test";

/// The packaged functions behind a gateway, on a database that the packaged `migrate` made ready.
pub(super) struct Deployment {
    api: Api,
    // Last: used by the functions until they end.
    pub(super) database: TestDatabase,
    _tasks: TempDir,
}

/// Functions behind a gateway.
pub(super) struct Api {
    functions: BTreeMap<&'static str, Function>,
    gateway: Listening,
}

impl Deployment {
    /// Everything, as nobody has used it yet.
    pub(super) async fn new() -> Self {
        let database = TestDatabase::unprepared().await;
        let tasks = tempfile::tempdir().unwrap();
        let migrate = Function::new(options("migrate", &tasks, &database.owner_url().await));
        migrate_with(&migrate).await.unwrap();
        Self::of(database, tasks).await
    }

    /// The functions on this database, as it is.
    pub(super) async fn on(database: TestDatabase) -> Self {
        Self::of(database, tempfile::tempdir().unwrap()).await
    }

    async fn of(database: TestDatabase, tasks: TempDir) -> Self {
        let url = database.url().await;
        let api = Api::new(|name| options(name, &tasks, &url)).await;
        Self { api, database, _tasks: tasks }
    }

    /// Somebody who knows the deployment's address.
    pub(super) fn visitor(&self) -> Visitor {
        self.api.visitor()
    }

    /// A function by its name.
    pub(super) fn function(&self, name: &str) -> &Function {
        self.api.function(name)
    }

    /// Every function that answers HTTP.
    pub(super) fn functions(&self) -> impl Iterator<Item = &Function> {
        self.api.functions()
    }
}

impl Api {
    /// Every function that answers HTTP, started like this when it is first asked.
    pub(super) async fn new(options: impl Fn(&str) -> SpawnOptions) -> Self {
        let mut functions = BTreeMap::new();
        let mut gateway = Gateway::new();
        for (name, operation) in server::operations() {
            // Of the process, not of the API: not routed from outside.
            if name == "health" {
                continue;
            }
            let function = functions.entry(name).or_insert_with(|| Function::new(options(name)));
            gateway = gateway.route(operation.path, function.clone());
        }
        let gateway = gateway.listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
        Self { functions, gateway }
    }

    pub(super) fn visitor(&self) -> Visitor {
        Visitor::new(HOST, self.gateway.address())
    }

    pub(super) fn function(&self, name: &str) -> &Function {
        &self.functions[name]
    }

    pub(super) fn functions(&self) -> impl Iterator<Item = &Function> {
        self.functions.values()
    }
}

/// A function as it is deployed.
pub(super) fn options(name: &str, tasks: &TempDir, database: &str) -> SpawnOptions {
    SpawnOptions::new(name, packages::unpack(name, tasks.path()))
        .env("MEM0_DATABASE_URL", database)
        .env("MEM0_PUBLIC_URL", format!("http://{HOST}"))
        // Lambda's own 10 s are for an idle machine and an optimized build.
        .init_timeout(Duration::from_secs(60))
}

/// Invokes `migrate` as a deployment does, with an event of no meaning.
pub(super) async fn migrate_with(migrate: &Function) -> Result<Value, InvokeError> {
    let reply = migrate.invoke_raw("{}".into()).await?;
    Ok(serde_json::from_slice(&reply).unwrap())
}
