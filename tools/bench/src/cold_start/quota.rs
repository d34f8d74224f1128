//! The processor of a small Lambda function: the part of one, per 20 ms, that its memory
//! buys (1,769 MB buy a whole one).
//!
//! The kernel enforces the quota (cgroup v1 or v2), and only root may configure that; without it nothing is measured
//! under a quota. A process is in the group before it becomes the function, and its time counts from then: entering
//! alone takes the kernel some 12 ms, in which a function that was already running would have done most of its work.
//! Lambda itself does not throttle initialization on demand like this, but does throttle connecting during a request.

use std::fs;
use std::path::{Path, PathBuf};

/// The memory that buys one processor, in MB.
const WHOLE: u64 = 1769;

const PERIOD_US: u64 = 20_000;

/// A control group with a quota. Removed when dropped, if its processes have ended.
pub(super) struct Quota {
    directory: PathBuf,
    /// The mechanism that enforces it.
    pub(super) by: &'static str,
}

impl Quota {
    /// Creates the quota of that memory size, or returns `None` if it cannot be enforced.
    pub(super) fn of(memory_mb: u64) -> Option<Self> {
        let quota = PERIOD_US * memory_mb / WHOLE;
        let name = format!("mem0-bench-{}-{memory_mb}", std::process::id());
        let first = Path::new("/sys/fs/cgroup/cpu").join(&name);
        if fs::create_dir(&first).is_ok() {
            let made = Self { directory: first, by: "cgroup v1, cpu.cfs_quota_us" };
            let set = made.set("cpu.cfs_period_us", PERIOD_US).and(made.set("cpu.cfs_quota_us", quota));
            return set.is_ok().then_some(made);
        }
        let second = Path::new("/sys/fs/cgroup").join(&name);
        if fs::create_dir(&second).is_ok() {
            let made = Self { directory: second, by: "cgroup v2, cpu.max" };
            let set = fs::write(made.directory.join("cpu.max"), format!("{quota} {PERIOD_US}"));
            return set.is_ok().then_some(made);
        }
        None
    }

    /// The directory of the control group, for processes that start in it.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Moves a running process into the control group.
    pub(super) fn enter(&self, pid: u32) -> std::io::Result<()> {
        self.set("cgroup.procs", pid.into())
    }

    fn set(&self, file: &str, value: u64) -> std::io::Result<()> {
        fs::write(self.directory.join(file), value.to_string())
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        // A directory that cannot be removed is empty and harmless.
        let _ = fs::remove_dir(&self.directory);
    }
}
