//! When the stages of an execution environment's life happened, for cold-start figures.

use std::time::{Duration, Instant};

/// The life of one process up to its first answer. Times are taken in the emulator, on the same monotonic clock.
///
/// CPU is the run time of all the function's live threads (`/proc/<pid>/task/*/schedstat`, first field), which is
/// steadier than wall time on a busy machine. Threads that have ended are not counted.
#[derive(Clone, Copy, Debug)]
pub struct Timings {
    /// Just before the process was started.
    pub spawned_at: Instant,
    /// The first request for work had been read.
    pub ready_at: Option<Instant>,
    /// The CPU time used up to then.
    pub ready_cpu: Option<Duration>,
    /// The first answer (or error) had been read to its end.
    pub first_answer_at: Option<Instant>,
    /// The CPU time used up to then.
    pub first_answer_cpu: Option<Duration>,
}

impl Timings {
    pub(crate) fn starting_now() -> Self {
        Self {
            spawned_at: Instant::now(),
            ready_at: None,
            ready_cpu: None,
            first_answer_at: None,
            first_answer_cpu: None,
        }
    }

    /// From spawn to the first request for work: Lambda's Init Duration without the platform's share.
    pub fn init(&self) -> Option<Duration> {
        self.ready_at.map(|at| at - self.spawned_at)
    }

    /// From spawn to the first answer. Meaningful if the first event was waiting, as after a cold start.
    pub fn cold_start(&self) -> Option<Duration> {
        self.first_answer_at.map(|at| at - self.spawned_at)
    }
}
