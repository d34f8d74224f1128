//! Information from the kernel about a running process and its children.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// The kernel's unit. It is 100 on every Linux that Rust runs on: `USER_HZ` is part of the user-space interface.
const TICKS_PER_SECOND: u64 = 100;

/// Returns the CPU time of a process and all of its descendants, ended or not, in steps of 10 ms.
pub(crate) fn cpu_time(root: u32) -> Duration {
    let processes: HashMap<u32, Stat> = all().collect();
    let mut ticks = processes.get(&root).map_or(0, |stat| stat.own + stat.reaped);
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        for (&pid, stat) in processes.iter().filter(|(_, stat)| stat.parent == parent) {
            ticks += stat.own + stat.reaped;
            parents.push(pid);
        }
    }
    Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
}

/// Returns the CPU time of a process's current threads, to the nanosecond
/// (`/proc/<pid>/task/<tid>/schedstat`, first field).
pub(crate) fn precise_cpu_time(pid: u32) -> Result<Duration> {
    let tasks = format!("/proc/{pid}/task");
    let mut nanoseconds = 0;
    for task in fs::read_dir(&tasks).with_context(|| format!("{tasks} cannot be read"))? {
        // A thread that has ended no longer counts.
        let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
        let first = text.split(' ').next().and_then(|field| field.parse::<u64>().ok());
        nanoseconds += first.with_context(|| format!("a schedstat of {tasks} has no time"))?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// Returns the largest resident set of a process so far, in bytes.
pub(crate) fn peak_resident_bytes(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

#[derive(Debug, PartialEq)]
struct Stat {
    parent: u32,
    /// User and system time of the process itself.
    own: u64,
    /// The same of its children that have ended and were waited for.
    reaped: u64,
}

fn all() -> impl Iterator<Item = (u32, Stat)> {
    fs::read_dir("/proc").into_iter().flatten().filter_map(|entry| {
        let entry = entry.ok()?;
        let pid = entry.file_name().to_str()?.parse().ok()?;
        // Processes that end meanwhile are skipped.
        Some((pid, parse(&fs::read_to_string(entry.path().join("stat")).ok()?)?))
    })
}

/// Parses `/proc/<pid>/stat` (proc_pid_stat(5)): fields 4 and 14 to 17.
fn parse(stat: &str) -> Option<Stat> {
    // The name in parentheses may itself contain anything.
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        own: ticks(11)? + ticks(12)?,
        reaped: ticks(13)? + ticks(14)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let stat = "42 (a) b (c) S 7 42 42 0 -1 4194560 100 0 0 0 11 22 3 4 20 0 1 0 99 0 0";
        assert_eq!(parse(stat), Some(Stat { parent: 7, own: 33, reaped: 7 }));
        assert_eq!(parse("garbage"), None);
    }

    #[test]
    fn this_process_is_found() {
        assert!(all().any(|(pid, _)| pid == std::process::id()));
        assert!(peak_resident_bytes(std::process::id()).unwrap() > 100_000);
    }
}
