//! PgBouncer between the TLS front and PostgreSQL, as docs/guides/runtime.md configures it: a session is kept when a
//! function ends, and given to the next one.

use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tokio::net::TcpStream;

/// `nobody`: PgBouncer refuses to run as root.
const NOBODY: u32 = 65534;

/// The guide whose configuration is measured.
const GUIDE: &str = include_str!("../../../../docs/guides/runtime.md");

/// What PgBouncer has of the passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kept {
    /// The passwords, from which it derives a key for each login.
    Password,
    /// What PostgreSQL has, too (`pg_authid.rolpassword`), with which it only has to compare.
    Secret,
}

/// How long it may take to listen.
const PATIENCE: Duration = Duration::from_secs(5);

/// A running PgBouncer. Stopped when dropped.
pub(super) struct Pooler {
    process: Child,
    directory: PathBuf,
    address: SocketAddr,
}

impl Pooler {
    /// Starts this program in front of a PostgreSQL, with these users and their passwords or secrets.
    pub(super) async fn start(
        program: &Path,
        postgres: SocketAddr,
        passwords: &[(&str, String)],
    ) -> Result<Self> {
        let directory = std::env::temp_dir().join(format!("mem0-bench-pooler-{}", std::process::id()));
        fs::create_dir_all(&directory)?;
        fs::set_permissions(&directory, Permissions::from_mode(0o755))?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let users = directory.join("users.txt");
        let lines = passwords.iter().map(|(user, password)| format!("\"{user}\" \"{password}\"\n"));
        fs::write(&users, lines.collect::<String>())?;
        let configuration = directory.join("pgbouncer.ini");
        fs::write(&configuration, settings(postgres, port, &users))?;
        let mut command = Command::new(program);
        command.arg("--quiet").arg(&configuration).stdin(Stdio::null());
        if fs::metadata("/proc/self")?.uid() == 0 {
            command.uid(NOBODY).gid(NOBODY);
        }
        let process = command.spawn().inspect_err(|_| {
            let _ = fs::remove_dir_all(&directory);
        });
        let process = process.with_context(|| format!("cannot start {}", program.display()))?;
        let mut pooler = Self { process, directory, address: (Ipv4Addr::LOCALHOST, port).into() };
        pooler.listens().await?;
        Ok(pooler)
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    async fn listens(&mut self) -> Result<()> {
        let started = Instant::now();
        while TcpStream::connect(self.address).await.is_err() {
            if let Some(status) = self.process.try_wait()? {
                bail!("PgBouncer ended: {status}");
            }
            if started.elapsed() > PATIENCE {
                bail!("PgBouncer does not listen");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// The statement of the guide that PgBouncer runs between two processes.
pub(super) fn reset() -> &'static str {
    let lines = GUIDE.lines();
    lines.filter_map(|line| line.strip_prefix("server_reset_query = ")).next().unwrap_or("DISCARD ALL")
}

fn settings(postgres: SocketAddr, port: u16, users: &Path) -> String {
    format!(
        "[databases]\n* = host={} port={}\n\
         [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
         auth_type = scram-sha-256\nauth_file = {}\n\
         pool_mode = session\nserver_reset_query = {}\ndefault_pool_size = 20\n",
        postgres.ip(),
        postgres.port(),
        users.display(),
        reset()
    )
}
