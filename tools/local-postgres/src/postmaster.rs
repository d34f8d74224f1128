//! The running server, according to its `postmaster.pid` and the process table.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::error::{During, Error};
use crate::place::Place;
use crate::{Progress, command, files};

/// How long a server may take to stop or to finish crash recovery.
const PATIENCE: Duration = Duration::from_secs(120);

/// No process has this id: Linux ends at 4,194,304.
const NOBODYS_PID: i32 = 99_999_999;

/// The server process of a data directory, alive when it was found.
#[derive(Debug)]
pub(crate) struct Postmaster {
    pid: i32,
    data: PathBuf,
}

/// The status in line 8 of the server's pid file.
#[derive(Debug, PartialEq, Eq)]
enum Status {
    Ready,
    Stopping,
    /// Starting, or has not written it yet.
    Starting,
}

impl Postmaster {
    /// Finds the server of `data`, if one is alive.
    pub(crate) fn find(data: &Path) -> Option<Self> {
        let pid = recorded_pid(data)?;
        let found = Self { pid, data: data.to_owned() };
        found.is_alive().then_some(found)
    }

    /// Returns whether the process is our server: it must have been started with this data directory, because process
    /// ids are reused, and a process that was not waited for keeps its own.
    fn is_alive(&self) -> bool {
        let ours = format!("postgres -D {}", self.data.display());
        command_line(self.pid).is_some_and(|line| line.trim_end().ends_with(&ours))
    }

    fn status(&self) -> Status {
        let text = fs::read_to_string(pid_file(&self.data)).unwrap_or_default();
        match text.lines().nth(7).map(str::trim) {
            Some("ready") => Status::Ready,
            Some("stopping") => Status::Stopping,
            _ => Status::Starting,
        }
    }

    /// The port that it listens on.
    pub(crate) fn port(&self) -> Option<u16> {
        let text = fs::read_to_string(pid_file(&self.data)).ok()?;
        text.lines().nth(3)?.trim().parse().ok()
    }

    /// Returns whether it serves a new connection. A process that was just killed looks
    /// alive and ready a little longer.
    fn answers(&self) -> bool {
        // The shortest exchange of the protocol (3.0, "SSLRequest"): the server replies with one byte.
        const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
        let exchange = |port| {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            stream.write_all(&SSL_REQUEST)?;
            stream.read_exact(&mut [0])
        };
        self.port().is_some_and(|port| exchange(port).is_ok())
    }

    /// Waits until it accepts connections (`true`) or has ended (`false`).
    pub(crate) fn wait_until_ready(&self, progress: Progress<'_>) -> bool {
        let begun = Instant::now();
        let mut said = false;
        while begun.elapsed() < PATIENCE && self.is_alive() {
            if self.status() == Status::Ready && self.answers() {
                return true;
            }
            if !said && begun.elapsed() > Duration::from_secs(2) {
                said = true;
                let doing = if self.status() == Status::Stopping { "stop" } else { "start" };
                progress(&format!("waiting for PostgreSQL to {doing}"));
            }
            command::wait(Duration::from_millis(20));
        }
        false
    }

    /// Asks it to end its sessions and shut down, and waits until it has.
    pub(crate) fn stop(&self, progress: Progress<'_>) -> Result<(), Error> {
        progress("stopping PostgreSQL");
        // SIGINT is the "fast" shutdown. It fails only if the server has just ended by itself.
        let _ = kill(Pid::from_raw(self.pid), Signal::SIGINT);
        let begun = Instant::now();
        while self.is_alive() {
            if begun.elapsed() > PATIENCE {
                return Err(Error::Stop { pid: self.pid, seconds: PATIENCE.as_secs() });
            }
            command::wait(Duration::from_millis(10));
        }
        Ok(())
    }
}

/// Replaces the pid in a dead server's file if it now belongs to another process: PostgreSQL would believe its server
/// alive and refuse to start. The file is not deleted but given a pid that no process has: by the shared-memory key in
/// it PostgreSQL notices backends that outlived their server.
pub(crate) fn forget_stale_pid(place: &Place) -> Result<(), Error> {
    let data = place.data();
    let path = pid_file(&data);
    if path.exists() && recorded_pid(&data).is_none() {
        // Empty, as after a power cut; PostgreSQL refuses to start with such a file. One that a server is just writing
        // contains its pid by the second look.
        command::wait(Duration::from_millis(500));
        if recorded_pid(&data).is_none() {
            fs::remove_file(&path).during("removing", &path)?;
        }
    }
    let Some(pid) = recorded_pid(&data) else { return Ok(()) };
    let free = kill(Pid::from_raw(pid), None) == Err(Errno::ESRCH);
    if free || Postmaster::find(&data).is_some() {
        return Ok(());
    }
    let text = fs::read_to_string(&path).during("reading", &path)?;
    let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
    files::write(&path, 0o600, &format!("{NOBODYS_PID}\n{rest}"), |file| place.account.give(file))
}

fn pid_file(data: &Path) -> PathBuf {
    data.join("postmaster.pid")
}

fn recorded_pid(data: &Path) -> Option<i32> {
    let text = fs::read_to_string(pid_file(data)).ok()?;
    text.lines().next()?.trim().parse().ok().filter(|pid| *pid > 0)
}

/// Returns the command line of a process; empty for one that has ended but was not waited for.
#[cfg(target_os = "linux")]
fn command_line(pid: i32) -> Option<String> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    Some(String::from_utf8_lossy(&line).replace('\0', " "))
}

#[cfg(not(target_os = "linux"))]
fn command_line(pid: i32) -> Option<String> {
    let mut ps = std::process::Command::new("/bin/ps");
    let output = ps.env_clear().args(["-ww", "-o", "args=", "-p", &pid.to_string()]).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}
