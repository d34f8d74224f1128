//! `mem0 login` and `mem0 logout`: a credential for this machine, authorized in a browser that may be on another one
//! (device authorization, RFC 8628), and stored in a file that only its owner can read.
//!
//! [`file`] stores it, [`server`] talks to the authorization server, [`device`] waits until the person has agreed.

mod device;
pub(crate) mod file;
mod server;

use anyhow::{Context as _, Result};
use http::Uri;
use secrecy::SecretString;

use crate::config::{self, LOCAL};
use file::Login;
use server::Server;

/// Options of `mem0 login`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The installation's URL; MEM0_URL or that of the last login, if not given.
    #[arg(long)]
    url: Option<String>,
}

/// Signs in.
pub(crate) fn login(args: &Args) -> Result<()> {
    let known = known();
    let url = args.url.clone().or_else(|| config::variable("MEM0_URL")).or(known.url.clone());
    let named = url.is_some();
    let url = url.unwrap_or_else(|| LOCAL.to_owned());
    let base = config::base(&url)?;
    on_one_thread(async {
        let found = Server::find(&base).await;
        let server = if named { found? } else { found.context(config::UNCONFIGURED)? };
        let tokens = device::wait_for_person(&server).await?;
        let path = Login::new(&base, tokens).write()?;
        crate::say(&format!("signed in to {base}; the credential is in {}", path.display()));
        if config::variable("MEM0_API_KEY").is_some() {
            crate::say("MEM0_API_KEY is set and used instead: unset it to use this login");
        }
        // Nobody holds the previous login any more, so it is revoked, if the server can be reached.
        let same = known.url.as_deref().and_then(|url| config::base(url).ok()).is_some_and(|url| url == base);
        if let Some(replaced) = known.refresh_token.filter(|_| same)
            && let Err(error) = server.revoke(&replaced).await
        {
            crate::say(&format!(
                "the login of before could not be ended, see GET /v1/auth/applications: {error:#}"
            ));
        }
        Ok(())
    })
}

/// Signs out: revokes the login on the server and deletes the file.
pub(crate) fn logout() -> Result<()> {
    let login = known();
    // Deleted first, so that it is gone even if the server cannot be reached.
    let was_there = Login::remove()?;
    let told = match (&login.url, login.refresh_token.as_ref().or(login.token.as_ref())) {
        (Some(url), Some(token)) => {
            Some(on_one_thread(async { Server::find(&config::base(url)?).await?.revoke(token).await }))
        }
        _ => None,
    };
    match told {
        Some(Err(error)) => {
            crate::say(&format!(
                "the credential was deleted here, but the server could not be told: {error:#}"
            ));
        }
        _ if was_there => crate::say("signed out"),
        _ => crate::say("nobody was signed in"),
    }
    Ok(())
}

/// Returns the next credential for that endpoint, using the refresh token of the login file, or `None` if there
/// is none. If another process was quicker, returns the one that it got. Fails if somebody has signed in to
/// another installation meanwhile.
pub(crate) async fn renew(endpoint: &Uri, refused: Option<&str>) -> Result<Option<SecretString>> {
    let login = Login::read()?;
    let token = login.token_for(endpoint)?;
    if token.is_some() && token.as_deref() != refused {
        return Ok(token.map(SecretString::from));
    }
    let (Some(url), Some(refresh_token)) = (&login.url, &login.refresh_token) else { return Ok(None) };
    let base = config::base(url)?;
    let tokens = Server::find(&base).await?.refresh(refresh_token).await?;
    let renewed = Login::new(&base, tokens);
    renewed.write()?;
    Ok(renewed.token.map(SecretString::from))
}

/// Returns the existing login. One that cannot be read is reported and does not prevent the next one.
fn known() -> Login {
    Login::read().unwrap_or_else(|problem| {
        crate::say(&format!("{problem:#}"));
        Login::default()
    })
}

fn on_one_thread<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
