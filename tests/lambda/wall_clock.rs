//! The time of day of functions, which a test sets: libfaketime, a library that is loaded before the C library's clock.
//!
//! The monotonic clock is left alone. That is how a frozen environment finds its clocks when it thaws: the time of day
//! has moved on, and the other one has stood still.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use lambda_emulator::SpawnOptions;
use tempfile::TempDir;

use crate::harness::skip;

/// The build for programs with threads.
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";

/// The time of day of every function that is started with it.
pub(super) struct WallClock {
    library: PathBuf,
    directory: TempDir,
}

impl WallClock {
    /// One that is right; none on a machine without libfaketime.
    pub(super) fn find() -> Option<Self> {
        let Some(library) = library() else {
            skip("libfaketime", "scripts/faketime");
            return None;
        };
        sweep();
        let clock = Self { library, directory: tempfile::tempdir().unwrap() };
        clock.set_behind(Duration::ZERO);
        Some(clock)
    }

    /// Sets it this far behind the rest of the world. Functions see that at once.
    pub(super) fn set_behind(&self, by: Duration) {
        let written = self.directory.path().join("next");
        fs::write(&written, format!("-{}", by.as_secs())).unwrap();
        fs::rename(written, self.setting()).unwrap();
    }

    /// A function that goes by this clock.
    pub(super) fn of(&self, options: SpawnOptions) -> SpawnOptions {
        options
            .env("LD_PRELOAD", self.library.to_str().unwrap())
            .env("FAKETIME_TIMESTAMP_FILE", self.setting().to_str().unwrap())
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    }

    fn setting(&self) -> PathBuf {
        self.directory.path().join("setting")
    }
}

/// Where a distribution puts it: below a directory of the architecture (Debian), or not.
fn library() -> Option<PathBuf> {
    let places = ["/usr/lib", "/usr/lib64", "/usr/local/lib"].map(PathBuf::from);
    let below = places.iter().filter_map(|place| fs::read_dir(place).ok()).flatten();
    let below = below.filter_map(|entry| Some(entry.ok()?.path()));
    let mut found = places.iter().cloned().chain(below).map(|place| place.join(LIBRARY));
    found.find(|path| path.is_file())
}

/// Removes what libfaketime keeps of processes that are gone: those that were killed did not.
fn sweep() {
    for entry in fs::read_dir("/dev/shm").into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let kept = ["faketime_shm_", "sem.faketime_sem_"].iter().find_map(|start| name.strip_prefix(start));
        if kept.is_some_and(|pid| !PathBuf::from("/proc").join(pid).exists()) {
            // Another test may have been faster.
            let _ = fs::remove_file(entry.path());
        }
    }
}
