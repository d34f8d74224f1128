//! Fixtures: a root that cleans up after itself, queries, and a second process.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use local_postgres::{Cluster, Config, Error};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio_postgres::NoTls;

/// A root in a temporary directory; dropping it stops the server and removes everything.
pub(crate) struct Root(TempDir);

impl Root {
    pub(crate) fn new() -> Self {
        // Everybody may enter it: started as root, the server runs as another user.
        let open = Permissions::from_mode(0o755);
        Self(tempfile::Builder::new().prefix("lp-").permissions(open).tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("a cluster")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn durable(&self) -> Config {
        Config::durable(self.path())
    }

    pub(crate) fn ephemeral(&self) -> Config {
        Config::ephemeral(self.path())
    }

    pub(crate) fn open_durable(&self) -> Cluster {
        open(&self.durable()).unwrap()
    }

    /// The server's process id, according to its pid file.
    pub(crate) fn pid(&self) -> i32 {
        let text = fs::read_to_string(self.file("data/postmaster.pid")).unwrap();
        text.lines().next().unwrap().parse().unwrap()
    }

    pub(crate) fn stop(&self) -> bool {
        Cluster::stop_at(&self.path(), &mut |_| {}).unwrap()
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = Cluster::stop_at(&self.path(), &mut |_| {});
    }
}

pub(crate) fn open(config: &Config) -> Result<Cluster, Error> {
    Cluster::open(config, &mut |_| {})
}

/// Opens the cluster and also returns the progress lines.
pub(crate) fn open_aloud(config: &Config) -> (Result<Cluster, Error>, Vec<String>) {
    let mut lines = Vec::new();
    let opened = Cluster::open(config, &mut |line| lines.push(line.to_owned()));
    (opened, lines)
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Returns the first column of the first row, as the user of `url`.
pub(crate) fn ask(url: &str, query: &str) -> Result<String, tokio_postgres::Error> {
    block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        client.query_one(&format!("SELECT ({query})::text"), &[]).await?.try_get(0)
    })
}

/// Runs statements as the superuser.
pub(crate) fn execute(cluster: &Cluster, statements: &str) {
    block_on(async {
        cluster.connect("postgres").await.unwrap().batch_execute(statements).await.unwrap();
    });
}

pub(crate) fn setting(cluster: &Cluster, name: &str) -> String {
    ask(&cluster.superuser_url("postgres"), &format!("current_setting('{name}')")).unwrap()
}

pub(crate) fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

pub(crate) fn kill_hard(pid: i32) {
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
}

/// Waits until `condition` holds; fails the test after 30 s.
pub(crate) fn until(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(30), "waited in vain until {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Returns a command for another process that opens the durable cluster in `root`, prints
/// its port or the error, and ends.
pub(crate) fn another_process(root: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "support::the_other_process", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env("LOCAL_POSTGRES_TEST_ROOT", root).stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

/// Returns what the other process reported: the port, or the error.
pub(crate) fn outcome(child: Child) -> Result<u16, String> {
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let find = |mark| text.lines().find_map(|line| line.split_once(mark)).map(|(_, said)| said.to_owned());
    match find("opened on ") {
        Some(port) => Ok(port.parse().unwrap()),
        None => Err(find("failed: ").unwrap_or(text)),
    }
}

#[test]
#[ignore = "run by other tests as a second process"]
fn the_other_process() {
    let Some(root) = std::env::var_os("LOCAL_POSTGRES_TEST_ROOT") else { return };
    match open(&Config::durable(root)) {
        Ok(cluster) => println!("opened on {}", cluster.port()),
        Err(error) => println!("failed: {error}"),
    }
}
