//! A local installation in its own directory.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use local_postgres::{Cluster, Config};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio_postgres::Client;

use super::process::{Process, server};

/// Said last, when everything is there.
const UP: &str = "Ctrl-C stops the server";

/// What `.local` is to a checkout. Dropping it stops its PostgreSQL and removes everything.
pub(crate) struct Installation(TempDir);

impl Installation {
    pub(crate) fn new() -> Self {
        // Enterable by all: started as root, PostgreSQL runs as somebody else.
        let open = Permissions::from_mode(0o755);
        Self(tempfile::Builder::new().prefix("mem0-").permissions(open).tempdir().unwrap())
    }

    /// A file of the installation.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join("local").join(name)
    }

    /// `server` with these arguments, in this installation and on any free port.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = server(arguments);
        command.env("MEM0_LOCAL_DIR", self.file("")).env("MEM0_LISTEN", "127.0.0.1:0");
        command
    }

    /// What `make up` does, at its beginning.
    pub(crate) fn begin(&self) -> Process {
        Process::spawn(self.command(&["serve", "--embedded"]))
    }

    /// What `make up` does, until it says that it is done.
    pub(crate) fn up(&self) -> Process {
        let mut process = self.begin();
        process.wait_until_it_says(UP);
        process
    }

    /// What `demo.env` says.
    pub(crate) fn demo(&self) -> BTreeMap<String, String> {
        let text = fs::read_to_string(self.file("demo.env")).unwrap();
        let lines = text.lines().map(|line| line.strip_prefix("export ").unwrap());
        let pairs = lines.map(|line| line.split_once('=').unwrap());
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Ends its PostgreSQL without a word, if it runs.
    pub(crate) fn kill_postgres(&self) {
        let data = self.file("postgres/data");
        let Ok(text) = fs::read_to_string(data.join("postmaster.pid")) else { return };
        let Some(Ok(pid)) = text.lines().next().map(|line| line.trim().parse::<i32>()) else { return };
        // The file outlives its server, whose number may by now be somebody else's.
        let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&command).contains(&*data.to_string_lossy()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }

    /// A superuser's connection to the database, to which nothing is hidden. Starts PostgreSQL if it does not run.
    pub(crate) async fn superuser(&self) -> Client {
        let config = Config::durable(self.file("postgres"));
        let cluster = tokio::task::spawn_blocking(move || Cluster::open(&config, &mut |_| {}));
        cluster.await.unwrap().unwrap().connect("mem0").await.unwrap()
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        let _ = Cluster::stop_at(&self.file("postgres"), &mut |_| {});
    }
}
