//! Logs: JSON on stdout, one canonical line per request, and never memory text, tokens or prompts.
//!
//! What a request does (who made it, how many database round trips it took and for how long) is collected in a
//! task-local [`RequestLog`] and written once, by `http::service`.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::ids::{EnterpriseId, RequestId, UserId};

tokio::task_local! {
    static CURRENT: RequestLog;
}

/// What is known about the current request.
#[derive(Debug)]
pub struct RequestLog {
    /// Its id, as in `X-Request-Id`.
    pub id: RequestId,
    principal: Mutex<Option<(EnterpriseId, UserId)>>,
    queries: AtomicU32,
    database_micros: AtomicU64,
    /// The operation, and its target.
    operation: Mutex<(Option<String>, Option<String>)>,
    refusal: Mutex<Option<Refusal>>,
    audited: AtomicBool,
    /// Whether the last attempt lost against a concurrent change, and how many attempts did.
    lost: AtomicBool,
    lost_races: AtomicU32,
    /// Whether the last attempt met an internal fault.
    failed: AtomicBool,
}

/// A refusal because of who made the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status of the error, even if it was reported in another way.
    pub status: u16,
    /// What the caller was told.
    pub reason: String,
}

impl RequestLog {
    /// Creates a log for a new request.
    #[must_use]
    pub fn new(id: RequestId) -> Self {
        Self {
            id,
            principal: Mutex::default(),
            queries: AtomicU32::new(0),
            database_micros: AtomicU64::new(0),
            operation: Mutex::default(),
            refusal: Mutex::default(),
            audited: AtomicBool::new(false),
            lost: AtomicBool::new(false),
            lost_races: AtomicU32::new(0),
            failed: AtomicBool::new(false),
        }
    }

    /// Sets the operation: `GET /v1/memories/{id}/`.
    #[must_use]
    pub fn of(self, operation: Option<String>) -> Self {
        Self { operation: Mutex::new((operation, None)), ..self }
    }

    /// Runs the request with this log and calls `finish` with what was collected.
    pub async fn scope<T>(self, work: impl Future<Output = T>, finish: impl FnOnce(&T, &RequestLog)) -> T {
        CURRENT
            .scope(self, async move {
                let result = work.await;
                CURRENT.with(|log| finish(&result, log));
                result
            })
            .await
    }

    /// Who made the request, once that is known.
    pub fn principal(&self) -> Option<(EnterpriseId, UserId)> {
        self.principal.lock().map_or(None, |principal| *principal)
    }

    /// The number of round trips to the database so far.
    pub fn queries(&self) -> u32 {
        self.queries.load(Ordering::Relaxed)
    }

    /// How many attempts lost against a concurrent change.
    pub fn lost_races(&self) -> u32 {
        self.lost_races.load(Ordering::Relaxed)
    }

    /// Whether the request met an internal fault, even if it was not reported by the status.
    pub fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// The time spent waiting for the database so far.
    pub fn database_micros(&self) -> u64 {
        self.database_micros.load(Ordering::Relaxed)
    }
}

/// The id of the current request, if there is one.
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

/// Names the operation more specifically than the route does, and its target.
pub fn about(operation: String, target: Option<String>) {
    let _ = CURRENT.try_with(|log| *lock(&log.operation) = (Some(operation), target));
}

/// The operation: `GET /v1/memories/{id}/`, `tool get_memory`.
pub(crate) fn operation() -> Option<String> {
    CURRENT.try_with(|log| lock(&log.operation).0.clone()).ok().flatten()
}

/// The target, if it was given together with the operation.
pub(crate) fn target() -> Option<String> {
    CURRENT.try_with(|log| lock(&log.operation).1.clone()).ok().flatten()
}

/// Records a refusal; only the first one counts.
pub(crate) fn refused(status: u16, reason: String) {
    let _ = CURRENT.try_with(|log| {
        lock(&log.refusal).get_or_insert(Refusal { status, reason });
    });
}

/// The refusal of the request, if it was refused.
pub(crate) fn refusal() -> Option<Refusal> {
    CURRENT.try_with(|log| lock(&log.refusal).clone()).ok().flatten()
}

/// Records that the audit log has a row about this request.
pub(crate) fn audited() {
    let _ = CURRENT.try_with(|log| log.audited.store(true, Ordering::Relaxed));
}

/// Whether the audit log has a row about this request.
pub(crate) fn was_audited() -> bool {
    CURRENT.try_with(|log| log.audited.load(Ordering::Relaxed)).unwrap_or(false)
}

/// Records that the request lost against a concurrent change, and may succeed when it is retried.
pub(crate) fn lost_race() {
    let _ = CURRENT.try_with(|log| {
        log.lost.store(true, Ordering::Relaxed);
        log.lost_races.fetch_add(1, Ordering::Relaxed);
    });
}

/// Whether the request has lost a race and starts over.
pub(crate) fn has_lost_race() -> bool {
    CURRENT.try_with(|log| log.lost.load(Ordering::Relaxed)).unwrap_or(false)
}

/// Whether the request lost a race since this was last called.
pub(crate) fn take_lost_race() -> bool {
    CURRENT.try_with(|log| log.lost.swap(false, Ordering::Relaxed)).unwrap_or(false)
}

/// Records an internal fault.
pub(crate) fn failed() {
    let _ = CURRENT.try_with(|log| log.failed.store(true, Ordering::Relaxed));
}

/// Clears the refusal, because its answer is discarded and the request answered anew.
pub(crate) fn forget_refusal() {
    let _ = CURRENT.try_with(|log| lock(&log.refusal).take());
}

/// Clears the fault, because the request is retried.
pub(crate) fn forget_failure() {
    let _ = CURRENT.try_with(|log| log.failed.store(false, Ordering::Relaxed));
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
