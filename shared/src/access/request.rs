//! What is known about a request besides its credential.

use chrono::{DateTime, Utc};

use crate::ids::RequestId;

/// Where a request came from, for audit rows and throttling. Never a source of authority.
#[derive(Debug, Clone)]
pub struct RequestInfo {
    /// The request's id, as in `X-Request-Id`.
    pub id: RequestId,
    /// When it arrived; this is "now" for everything the request does.
    pub at: DateTime<Utc>,
    /// The client's address, as the front end reports it.
    pub ip: Option<String>,
    /// The client's `User-Agent`, truncated to 512 characters.
    pub user_agent: Option<String>,
}
