//! Logs: JSON on stdout, one canonical line for each request, and never memory text, tokens or prompts.
//!
//! What a request did (who asked, how often the database was asked and for how long) is gathered in a task-local
//! [`RequestLog`] on its way and written once, by `http::request`.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::ids::{EnterpriseId, RequestId, UserId};

tokio::task_local! {
    static CURRENT: RequestLog;
}

/// What is known of the request being answered.
#[derive(Debug)]
pub struct RequestLog {
    /// Its id, as in `X-Request-Id`.
    pub id: RequestId,
    principal: Mutex<Option<(EnterpriseId, UserId)>>,
    queries: AtomicU32,
    database_micros: AtomicU64,
}

impl RequestLog {
    /// A log for a request that begins now.
    #[must_use]
    pub fn new(id: RequestId) -> Self {
        Self {
            id,
            principal: Mutex::default(),
            queries: AtomicU32::new(0),
            database_micros: AtomicU64::new(0),
        }
    }

    /// Runs the request with this log and calls `finish` with what it gathered.
    pub async fn scope<T>(self, work: impl Future<Output = T>, finish: impl FnOnce(&T, &RequestLog)) -> T {
        CURRENT
            .scope(self, async move {
                let result = work.await;
                CURRENT.with(|log| finish(&result, log));
                result
            })
            .await
    }

    /// Who asked, once that is known.
    pub fn principal(&self) -> Option<(EnterpriseId, UserId)> {
        self.principal.lock().map_or(None, |principal| *principal)
    }

    /// Round trips to the database so far.
    pub fn queries(&self) -> u32 {
        self.queries.load(Ordering::Relaxed)
    }

    /// Time spent waiting for the database so far.
    pub fn database_micros(&self) -> u64 {
        self.database_micros.load(Ordering::Relaxed)
    }
}

/// The id of the request being answered, if one is.
#[must_use]
pub fn request_id() -> Option<RequestId> {
    CURRENT.try_with(|log| log.id).ok()
}

pub(crate) fn database_work(queries: u32, micros: u64) {
    let _ = CURRENT.try_with(|log| {
        log.queries.fetch_add(queries, Ordering::Relaxed);
        log.database_micros.fetch_add(micros, Ordering::Relaxed);
    });
}

pub(crate) fn authenticated(enterprise: EnterpriseId, user: UserId) {
    let _ = CURRENT.try_with(|log| {
        if let Ok(mut principal) = log.principal.lock() {
            *principal = Some((enterprise, user));
        }
    });
}

/// Starts writing logs of this level and above. Calling it twice does nothing.
pub fn init(level: LevelFilter) {
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_current_span(false);
    let _ = tracing_subscriber::registry().with(lines).with(level).try_init();
}
