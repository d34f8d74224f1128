//! Brings the database to this build's schema, before new code goes live.
//!
//! On Lambda any event runs it, for example a deployment's custom resource; elsewhere it is a command. Both can be
//! repeated and run concurrently. `MEM0_DATABASE_URL` must name the owner of the schema: requests run as another
//! role, which may not change it.

mod custom_resource;

use std::process::ExitCode;

use clap::Parser;
use custom_resource::Asked;
use lambda_http::lambda_runtime::{self, LambdaEvent, service_fn};
use serde_json::{Value, json};
use shared::config::{self, DatabaseConfig};
use shared::db::migrate::{self, Migrated};
use shared::telemetry;

/// Bring the database in MEM0_DATABASE_URL to this build's schema.
///
/// Applies what is missing, in order, each migration in a transaction of its own; does nothing when there is nothing
/// to do. Several may run at once: one works, the others wait.
#[derive(Debug, Parser)]
#[command(name = "migrate", version, after_help = ENVIRONMENT)]
struct Cli {}

const ENVIRONMENT: &str = "Environment:
  MEM0_DATABASE_URL  postgres://owner:password@host:port/database, the owner of the schema
  MEM0_DATABASE_CA   PEM file that must have signed the server's certificate, when the URL asks for TLS
  MEM0_DATABASE_LOGIN  a login to make for the functions, which may become mem0_app and nothing else (on RDS: without
                       a password, by IAM token)";

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let result = if config::variable("AWS_LAMBDA_RUNTIME_API").is_some() {
        serve().await
    } else {
        Cli::parse();
        apply().await.map(|migrated| report(&migrated))
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Failure> {
    telemetry::init(config::log_level()?);
    lambda_runtime::run(service_fn(answer)).await
}

async fn answer(event: LambdaEvent<Value>) -> Result<Value, Failure> {
    match Asked::read(&event.payload) {
        Some(asked) => answer_stack(&asked).await,
        None => apply_and_log().await,
    }
}

async fn answer_stack(asked: &Asked) -> Result<Value, Failure> {
    if asked.is_delete() {
        asked.answer(Ok(&Value::Null)).await?;
        return Ok(Value::Null);
    }
    let outcome = apply_and_log().await;
    if let Err(error) = &outcome {
        tracing::error!(%error, "the deployment is refused");
    }
    // A failure that CloudFormation knows of is not an error of the function: Lambda would repeat it.
    asked.answer(outcome.as_ref()).await?;
    Ok(outcome.unwrap_or_default())
}

async fn apply_and_log() -> Result<Value, Failure> {
    let migrated = apply().await?;
    tracing::info!(schema.version = migrated.version, applied = migrated.applied.join(" "), "migrated");
    Ok(json!({ "applied": migrated.applied, "version": migrated.version }))
}

async fn apply() -> Result<Migrated, Failure> {
    let database = DatabaseConfig::from_env(1)?;
    let migrated = migrate::run(&database).await?;
    if let Some(login) = config::variable("MEM0_DATABASE_LOGIN") {
        migrate::ensure_login(&database, &login).await?;
    }
    Ok(migrated)
}

#[allow(clippy::print_stdout, reason = "a command speaks to whoever runs it")]
fn report(Migrated { applied, version }: &Migrated) {
    match applied.as_slice() {
        [] => println!("nothing to do, the schema is at version {version}"),
        some => println!("applied {}, the schema is now at version {version}", some.join(", ")),
    }
}

#[allow(clippy::print_stderr, reason = "a command speaks to whoever runs it")]
fn complain(error: &Failure) {
    eprintln!("error: {error}");
}
