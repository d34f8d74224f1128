//! The server as a process: its output and its end.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Longer than anything takes on a busy machine; what is waited for this long will not come.
const PATIENCE: Duration = Duration::from_secs(120);

/// `server` with nothing of this test's environment but what finding programs and caches needs.
pub(crate) fn server(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    command.args(arguments).env_clear();
    for name in ["HOME", "PATH", "XDG_CACHE_HOME"] {
        #[expect(clippy::disallowed_methods, reason = "passed on to the product, not a setting of it")]
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// A running process. Dropping it kills it.
pub(crate) struct Process {
    child: Child,
    said: Arc<Mutex<String>>,
    listener: Option<JoinHandle<()>>,
}

impl Process {
    /// Logs on stdout are for machines; mostly nobody reads them here.
    pub(crate) fn spawn(command: Command) -> Self {
        Self::spawn_logging(command, Stdio::null())
    }

    pub(crate) fn spawn_logging(mut command: Command, log: impl Into<Stdio>) -> Self {
        command.stdin(Stdio::null()).stdout(log).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let said = Arc::<Mutex<String>>::default();
        let listener = thread::spawn({
            let said = Arc::clone(&said);
            move || {
                for line in stderr.lines().map_while(Result::ok) {
                    said.lock().unwrap().push_str(&format!("{line}\n"));
                }
            }
        });
        Self { child, said, listener: Some(listener) }
    }

    /// Everything it has said so far to the person at the terminal.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it says this. Panics if it ends first.
    pub(crate) fn wait_until_it_says(&mut self, words: &str) {
        self.wait(words, |process| process.said().contains(words));
    }

    /// Waits until it says one of these. Panics if it ends first.
    pub(crate) fn wait_until_it_says_one_of(&mut self, words: [&str; 2]) {
        let what = words.join(" or ");
        self.wait(&what, |process| words.iter().any(|words| process.said().contains(words)));
    }

    /// Waits for its end.
    pub(crate) fn wait_for_end(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let _ = self.listener.take().map(JoinHandle::join);
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end: {}", self.said());
            pause();
        }
    }

    /// Asks it to stop, as Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        kill(self.pid(), Signal::SIGINT).unwrap();
    }

    /// Ends it without a word, as `kill -9` does. It may have ended by itself.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn wait(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !done(self) {
            if let Some(status) = self.child.try_wait().unwrap() {
                // What it said last may still be on its way.
                let _ = self.listener.take().map(JoinHandle::join);
                assert!(done(self), "{status} before {what:?}: {}", self.said());
            }
            assert!(begun.elapsed() < PATIENCE, "waited in vain for {what:?}: {}", self.said());
            pause();
        }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().try_into().unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A moment.
#[expect(clippy::disallowed_methods, reason = "these tests block: they wait for processes")]
pub(crate) fn pause() {
    thread::sleep(Duration::from_millis(5));
}
