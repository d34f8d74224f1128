//! RDS IAM tokens: a signed URL instead of a password.
//!
//! A token is made in this process, in a tenth of a millisecond and without any network access. It is valid for 15
//! minutes and only needed while connecting, so there is nothing to cache or refresh: each connection gets its own.

use std::time::Duration;

use super::passwords::Login;
use crate::aws::{Identity, Scope, presign};
use crate::clock::Clock;
use crate::config::AwsCredentials;
use crate::https::Client;

/// The lifetime of a token, the maximum that RDS accepts.
const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Makes tokens for one user of one database.
pub(super) struct Iam {
    url: String,
    region: String,
    identity: Identity,
}

impl Iam {
    pub(super) fn new(
        host: &str,
        port: u16,
        user: &str,
        region: String,
        credentials: AwsCredentials,
    ) -> Self {
        let user: String = form_urlencoded::byte_serialize(user.as_bytes()).collect();
        let url = format!("https://{host}:{port}/?Action=connect&DBUser={user}");
        Self { url, region, identity: Identity::new(credentials) }
    }

    /// Makes a token that is valid from now.
    pub(super) async fn token(&self) -> Result<Login, String> {
        let clock = Clock::default();
        let credentials = self.identity.credentials(|| Client::new(None), &clock).await;
        let credentials = credentials.map_err(|error| format!("no AWS credentials: {error}"))?;
        let scope = Scope { service: "rds-db", region: &self.region, at: clock.now() };
        let url = presign(&self.url, credentials, &scope, LIFETIME)?;
        Ok(Login { user: None, password: url.trim_start_matches("https://").to_owned().into() })
    }
}
