//! `server reset-password`: lets somebody who forgot their password choose a new one.
//!
//! Administrators do this over the API; this command is for the operator of an installation when nobody is left who can
//! log in. It needs the database and no account.

use anyhow::{Context as _, Result};
use secrecy::ExposeSecret as _;
use shared::access::{Gate, RequestInfo};
use shared::clock::Clock;
use shared::config::DatabaseConfig;
use shared::db::Database;
use shared::email::EmailAddress;
use shared::identity::password_resets;
use shared::ids::RequestId;

use crate::say;

/// What `reset-password` does.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// The e-mail address of the account.
    email: EmailAddress,
}

/// Makes a token in the database in `MEM0_DATABASE_URL` and prints it, alone, to stdout.
#[allow(clippy::print_stdout, reason = "the token is for scripts as well as for people")]
pub async fn run(options: &Options) -> Result<()> {
    let db = Database::new(&DatabaseConfig::from_env(1)?)?;
    db.readiness().await?;
    let clock = Clock::default();
    let request = RequestInfo {
        id: RequestId::generate(),
        at: clock.now(),
        ip: None,
        user_agent: Some("server reset-password".to_owned()),
    };
    let gate = Gate::new(db, clock, "");
    let reset = password_resets::allow_as_operator(&gate, &request, &options.email).await;
    let reset = reset.with_context(|| format!("no token for {}", options.email))?;
    say(&format!(
        "until {}, this token sets a new password, once: POST /v1/auth/password/reset with token and new_password",
        reset.expires_at.to_rfc3339()
    ));
    println!("{}", reset.token.expose_secret());
    Ok(())
}
