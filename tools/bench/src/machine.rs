//! The machine of a measurement, and how busy it was: a figure without these says little.

use std::fs;
use std::time::{Instant, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::statistics::rounded;

/// The machine during one run.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    /// When the run started.
    measured_at: String,
    cpu: String,
    cpus: usize,
    memory_gb: f64,
    kernel: String,
    /// The load average over a minute when the run started.
    load_before: f64,
    /// The load average when it ended; it includes the run itself.
    load_after: f64,
    seconds: f64,
    #[serde(skip)]
    started: Instant,
}

impl Machine {
    /// Describes the machine at the start of a run.
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

    /// Adds the figures at the end of the run.
    pub(crate) fn finished(self) -> Self {
        Self { load_after: load(), seconds: rounded(self.started.elapsed().as_secs_f64(), 1), ..self }
    }
}

/// Returns the first `name : value` of a file in `/proc`; empty if there is none.
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
