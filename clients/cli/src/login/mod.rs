//! `mem0 login` and `mem0 logout`: a credential for this machine, agreed to in a browser that may be elsewhere (device
//! authorization, RFC 8628), kept in a file that only its owner can read.
//!
//! [`file`] is where it is kept, [`server`] what is said to the authorization server, [`device`] the conversation until
//! somebody has agreed.

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
    let url = url.unwrap_or_else(|| LOCAL.to_owned());
    let base = config::base(&url)?;
    on_one_thread(async {
        let server = Server::find(&base).await?;
        let tokens = device::wait_for_person(&server).await?;
        let path = Login::new(&base, tokens).write()?;
        crate::say(&format!("signed in to {base}; the credential is in {}", path.display()));
        // What was agreed to before is in nobody's hands any more: it ends here, if the server can be told.
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

/// Signs out: the server forgets what was agreed, and the file goes.
pub(crate) fn logout() -> Result<()> {
    let login = known();
    // First: whatever becomes of telling the server, nobody finds it here any more.
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

/// The next credential for that endpoint, by the refresh token of the login file; none if there is none. Another process may
/// have been quicker: then it is the one that it got. An error, if it has signed in elsewhere meanwhile.
pub(crate) async fn renew(endpoint: &Uri, refused: Option<&str>) -> Result<Option<SecretString>> {
    let login = Login::read()?;
    let token = login.token_for(endpoint)?;
    if token.is_some() && token.as_deref() != refused {
        return Ok(token.map(SecretString::from));
    }
    let (Some(url), Some(refresh_token)) = (&login.url, &login.refresh_token) else { return Ok(None) };
    let base = config::base(url)?;
    let tokens = Server::find(&base).await?.refresh(refresh_token).await.context("signing in anew")?;
    let renewed = Login::new(&base, tokens);
    renewed.write()?;
    Ok(renewed.token.map(SecretString::from))
}

/// The login that there is. One that cannot be read is said, and does not stand in the way of the next one.
fn known() -> Login {
    Login::read().unwrap_or_else(|problem| {
        crate::say(&format!("{problem:#}"));
        Login::default()
    })
}

fn on_one_thread<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
