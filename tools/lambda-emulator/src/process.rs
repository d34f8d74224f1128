//! Information from the kernel about a function's process, and the two signals that emulate Lambda's freezer.

use std::{fs, io, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// Returns the run time of all live threads of a process, or `None` if it is gone or the kernel does not count it.
pub(crate) fn cpu_time(pid: u32) -> Option<Duration> {
    let mut nanos = 0_u64;
    for task in fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        let stat = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        nanos += stat.split_ascii_whitespace().next()?.parse::<u64>().ok()?;
    }
    Some(Duration::from_nanos(nanos))
}

/// Returns the largest resident set of a process so far, in bytes (`VmHWM`).
pub(crate) fn peak_resident_bytes(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib = line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?;
    Some(kib * 1024)
}

/// Returns whether a process is stopped. The signal is only a request: the process runs on until the kernel acts on it.
pub(crate) fn is_stopped(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name in parentheses may itself contain anything.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
}

/// Stops a process.
pub(crate) fn stop(pid: u32) -> io::Result<()> {
    signal(pid, Signal::SIGSTOP)
}

/// Resumes a stopped process.
pub(crate) fn resume(pid: u32) -> io::Result<()> {
    signal(pid, Signal::SIGCONT)
}

fn signal(pid: u32, signal: Signal) -> io::Result<()> {
    let pid = i32::try_from(pid).map_err(|_| io::ErrorKind::InvalidInput)?;
    Ok(kill(Pid::from_raw(pid), signal)?)
}
