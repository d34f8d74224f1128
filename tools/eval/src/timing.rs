//! The duration of ranking, as the services report it (`ranking.duration_us`).

use std::sync::{LazyLock, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

static MICROSECONDS: LazyLock<Mutex<Vec<u64>>> = LazyLock::new(Mutex::default);

/// Starts listening.
pub(crate) fn listen() {
    // Fails only if a subscriber is already set.
    let _ = tracing::subscriber::set_global_default(Listener);
}

/// Returns the median and the 95th percentile since the last call, in microseconds.
pub(crate) fn take() -> Option<(u64, u64)> {
    let mut durations = std::mem::take(&mut *MICROSECONDS.lock().ok()?);
    durations.sort_unstable();
    Some((*durations.get(durations.len() / 2)?, *durations.get(durations.len() * 95 / 100)?))
}

struct Listener;

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
            && *metadata.level() == Level::DEBUG
            && metadata.target() == "shared::memory::recall"
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Durations);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Durations;

impl Visit for Durations {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "ranking.duration_us"
            && let Ok(mut durations) = MICROSECONDS.lock()
        {
            durations.push(value);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
