//! What the figures were measured on, and how busy it was: a figure without these says little.

use std::fs;
use std::time::{Instant, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::statistics::rounded;

/// The machine during one run.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    /// When the run began.
    measured_at: String,
    cpu: String,
    cpus: usize,
    memory_gb: f64,
    kernel: String,
    /// Load average over a minute, when the run began.
    load_before: f64,
    /// And when it ended; the run itself is in it.
    load_after: f64,
    seconds: f64,
    #[serde(skip)]
    started: Instant,
}

impl Machine {
    /// The machine as a run begins.
    pub(crate) fn describe() -> Self {
        let started = DateTime::<Utc>::from(SystemTime::now());
        let kilobytes: f64 =
            field("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse().unwrap_or_default();
        Self {
            measured_at: started.to_rfc3339_opts(SecondsFormat::Secs, true),
            cpu: field("/proc/cpuinfo", "model name"),
            cpus: std::thread::available_parallelism().map_or(0, usize::from),
            memory_gb: rounded(kilobytes / 1e6, 1),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            load_before: load(),
            load_after: 0.0,
            seconds: 0.0,
            started: Instant::now(),
        }
    }

    /// The same at the end of the run.
    pub(crate) fn finished(self) -> Self {
        Self { load_after: load(), seconds: rounded(self.started.elapsed().as_secs_f64(), 1), ..self }
    }
}

/// The first `name : value` of a file in `/proc`; empty where there is none.
fn field(path: &str, name: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let value = text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    });
    value.unwrap_or_default()
}

fn load() -> f64 {
    let averages = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    averages.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or_default()
}
