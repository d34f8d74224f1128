//! The two policies for rows of the audit log that are about reads.

use std::net::SocketAddr;

use anyhow::Result;
use http::Method;
use serde::Serialize;
use serde_json::json;

use crate::client::{Client, post, succeeded};
use crate::database::Database;

/// When a read may be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reads {
    /// Once its row is on disk.
    Durable,
    /// Before: a crash can lose the rows of the last moments.
    Buffered,
}

impl Reads {
    pub(super) const ALL: [Self; 2] = [Self::Durable, Self::Buffered];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Durable => "durable",
            Self::Buffered => "buffered",
        }
    }

    /// Makes this the policy of the owner's enterprise. FastMCP knows no policies: PostgreSQL itself is set so that it
    /// gets the same from it.
    pub(super) async fn apply(
        self,
        address: SocketAddr,
        access_token: &str,
        database: &Database,
    ) -> Result<()> {
        let mut client = Client::connect(address).await?;
        client.authorize(access_token);
        let path = "/v1/audit/settings";
        let mut request = post(path, &json!({ "reads": self.name() }))?;
        *request.method_mut() = Method::PUT;
        succeeded(path, &client.send(request).await?)?;
        let value = match self {
            Self::Durable => "on",
            Self::Buffered => "off",
        };
        database.change("synchronous_commit", value).await
    }
}
