//! The processor time of the PostgreSQL backends that serve the product.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio_postgres::Client;

/// The processes behind the server's connections.
pub(crate) struct Backends {
    pids: Vec<i32>,
}

impl Backends {
    /// Finds the current ones.
    pub(crate) async fn find(client: &Client) -> Result<Self> {
        let rows = client
            .query(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'mem0-enterprise' ORDER BY pid",
                &[],
            )
            .await?;
        Ok(Self { pids: rows.iter().map(|row| row.get(0)).collect() })
    }

    /// Returns the time that they have used so far, to the nanosecond (`/proc/<pid>/schedstat`, first field).
    pub(crate) fn cpu_time(&self) -> Result<Duration> {
        let mut nanoseconds = 0;
        for pid in &self.pids {
            // One that has ended no longer counts, and did not work meanwhile.
            let Ok(text) = std::fs::read_to_string(format!("/proc/{pid}/schedstat")) else { continue };
            let first = text.split(' ').next().and_then(|field| field.parse::<u64>().ok());
            nanoseconds += first.with_context(|| format!("/proc/{pid}/schedstat has no time"))?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }
}
