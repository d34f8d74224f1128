//! Starts the server and handles what can prevent it: a taken port, a stale pid file,
//! backends that outlive a killed server.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::Duration;

use crate::config::Config;
use crate::error::{During, Error};
use crate::installation::Installation;
use crate::lock::Lock;
use crate::place::Place;
use crate::postmaster::{Postmaster, forget_stale_pid};
use crate::{Progress, command, files, settings};

/// Ports change and orphans end; a server that has not started after this many attempts will not.
const ATTEMPTS: u32 = 20;

/// A longer log is started anew, and the old one is kept beside it.
const LONGEST_LOG: u64 = 10 << 20;

/// Starts the server and waits until it accepts connections. It gets a session of its own (`pg_ctl` calls `setsid`)
/// and outlives us. Call only while no server runs here, under the place's lock.
pub(crate) fn start(
    place: &Place,
    installation: &Installation,
    config: &Config,
    lock: &Lock,
    progress: Progress<'_>,
) -> Result<Postmaster, Error> {
    let log = place.log();
    rotate(&log)?;
    let mut port = remembered_port(place);
    let mut attempt = 0;
    loop {
        attempt += 1;
        let free = free_port(port)?;
        remember_port(place, free)?;
        prepare(place, config, free)?;
        let begin = fs::metadata(&log).map_or(0, |log| log.len());
        let mut pg_ctl = command::postgres(&installation.program("pg_ctl"), &place.account);
        pg_ctl.arg("start").arg("--pgdata").arg(place.data()).arg("--log").arg(&log);
        pg_ctl.args(["--wait", "--timeout=120", "--silent"]);
        let finished =
            command::run(&mut pg_ctl, lock, &place.commands_log(), "starting PostgreSQL", progress)?;
        // Whatever pg_ctl reports: it may have met a server that its killed predecessor had just started.
        if let Some(server) = Postmaster::find(&place.data())
            && server.wait_until_ready(progress)
        {
            return Ok(server);
        }
        let said = read_from(&log, begin);
        let port_taken =
            said.contains("could not bind") || said.contains("could not create any TCP/IP sockets");
        let orphans = said.contains("shared memory block") && said.contains("in use");
        if attempt == ATTEMPTS || !(port_taken || orphans) {
            let reason = complaint(&said).unwrap_or_else(|| finished.last_line());
            return Err(Error::Start { reason, log });
        }
        if port_taken {
            port = None;
        }
        if orphans {
            command::wait(Duration::from_millis(500));
        }
    }
}

fn prepare(place: &Place, config: &Config, port: u16) -> Result<(), Error> {
    if let Some(sockets) = place.sockets() {
        // Sockets of a killed server and their lock files would prevent the start.
        files::discard(&sockets)?;
        files::make_private(&sockets)?;
        place.account.give(&sockets)?;
    }
    let give = |file: &Path| place.account.give(file);
    let text = settings::render(config, port, place.sockets().as_deref())?;
    files::write(&place.data().join(settings::FILE), 0o600, &text, give)?;
    if !place.log().exists() {
        files::write(&place.log(), 0o600, "", give)?;
    }
    forget_stale_pid(place)
}

fn remembered_port(place: &Place) -> Option<u16> {
    fs::read_to_string(place.port()).ok()?.trim().parse().ok()
}

fn remember_port(place: &Place, port: u16) -> Result<(), Error> {
    files::write(&place.port(), 0o644, &format!("{port}\n"), |_| Ok(()))
}

/// Returns `wanted` if it is free, else another free port.
fn free_port(wanted: Option<u16>) -> Result<u16, Error> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let listener = match wanted.map(bind) {
        Some(Ok(listener)) => listener,
        _ => bind(0).during("finding a free port on", Path::new("127.0.0.1"))?,
    };
    Ok(listener.local_addr().during("finding a free port on", Path::new("127.0.0.1"))?.port())
}

fn rotate(log: &Path) -> Result<(), Error> {
    if fs::metadata(log).is_ok_and(|found| found.len() > LONGEST_LOG) {
        fs::rename(log, log.with_extension("log.old")).during("renaming", log)?;
    }
    Ok(())
}

fn read_from(log: &Path, begin: u64) -> String {
    let mut bytes = Vec::new();
    let read = |mut file: File| {
        file.seek(SeekFrom::Start(begin))?;
        file.read_to_end(&mut bytes)
    };
    let _ = OpenOptions::new().read(true).open(log).and_then(read);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns the line that says why the server gave up: the last fatal one, unless that
/// only refers to the line before it.
fn complaint(said: &str) -> Option<String> {
    let (mut before, mut last) = ("", None);
    for line in said.lines() {
        if line.contains("FATAL: ") || line.contains("PANIC: ") {
            last = Some(if line.contains("contains errors") { before } else { line });
        }
        before = line;
    }
    ["FATAL: ", "PANIC: ", "LOG: "]
        .iter()
        .find_map(|mark| last?.split_once(mark))
        .map(|(_, said)| said.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_found_in_the_log() {
        let stamp = "2026-01-01 00:00:00.000 UTC [1]";
        let fatal =
            format!("{stamp} LOG:  starting\n{stamp} FATAL:  lock file is empty\n{stamp} LOG:  bye\n");
        assert_eq!(complaint(&fatal).as_deref(), Some("lock file is empty"));
        let setting =
            format!("{stamp} LOG:  invalid value\n{stamp} FATAL:  configuration file contains errors\n");
        assert_eq!(complaint(&setting).as_deref(), Some("invalid value"));
        assert_eq!(complaint(&format!("{stamp} LOG:  starting\n")), None);
    }
}
