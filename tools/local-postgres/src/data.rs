//! Creates the data directory.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use crate::config::Durability;
use crate::error::{During, Error};
use crate::installation::Installation;
use crate::lock::Lock;
use crate::place::{EPHEMERAL_MARK, Place};
use crate::{MAJOR_VERSION, Progress, SUPERUSER, command, files, settings};

/// Creates the data directory unless a usable one exists. Call only while no server runs here, under the place's lock.
pub(crate) fn ensure(
    place: &Place,
    installation: &Installation,
    durability: Durability,
    lock: &Lock,
    progress: Progress<'_>,
) -> Result<(), Error> {
    let data = place.data();
    if place.durability() == Some(Durability::Ephemeral) {
        // Written without fsync by a server that is gone, so it may be damaged: not worth checking.
        files::discard(&data)?;
    }
    let version = data.join("PG_VERSION");
    match fs::read_to_string(&version) {
        Ok(found) if found.trim() != MAJOR_VERSION => {
            return Err(Error::OtherVersion { path: data, found: found.trim().to_owned() });
        }
        Ok(_) if !place.password().exists() => return Err(Error::PasswordLost(place.password())),
        Ok(_) => return Ok(()),
        Err(_) => {}
    }
    set_aside(&data, progress)?;
    let unfinished = files::unfinished(&place.directory, "data")?;
    initialise(place, installation, &unfinished, durability, lock, progress)?;
    fs::rename(&unfinished, &data).during("creating", &data)?;
    sync(&place.directory)
}

/// Moves a data directory without a version out of the way. It is not one of ours, which appear
/// complete, but somebody may need it.
fn set_aside(data: &Path, progress: Progress<'_>) -> Result<(), Error> {
    if !data.exists() || fs::remove_dir(data).is_ok() {
        return Ok(());
    }
    let aside = data.with_file_name(format!("data-incomplete-{}", files::random_hex(4)?));
    progress(&format!("{} is not a complete database: moving it to {}", data.display(), aside.display()));
    fs::rename(data, &aside).during("moving", data)
}

fn initialise(
    place: &Place,
    installation: &Installation,
    directory: &Path,
    durability: Durability,
    lock: &Lock,
    progress: Progress<'_>,
) -> Result<(), Error> {
    let password = place.password();
    let text = format!("{}\n", files::random_hex(24)?);
    // The server's account reads it for initdb; nobody else can.
    files::write(&password, 0o600, &text, |file| place.account.give(file))?;
    files::make_private(directory)?;
    place.account.give(directory)?;

    let mut initdb = command::postgres(&installation.program("initdb"), &place.account);
    initdb
        .args(["--encoding=UTF8", "--no-locale", "--auth=scram-sha-256", "--no-instructions"])
        .arg(format!("--username={SUPERUSER}"))
        .arg("--pwfile")
        .arg(&password)
        .arg("--pgdata")
        .arg(directory);
    if durability == Durability::Ephemeral {
        initdb.args(["--no-sync", "--set=scram_iterations=1"]);
    } else if cfg!(target_os = "linux") {
        // One system call instead of a thousand: 1 s instead of 5 s on a virtual disk.
        initdb.arg("--sync-method=syncfs");
    }
    let finished =
        command::run(&mut initdb, lock, &place.commands_log(), "initialising the database", progress)?;
    if !finished.status.success() {
        return Err(Error::Initdb(reason(&finished.output).unwrap_or_else(|| finished.last_line())));
    }
    include_settings(directory)?;
    if durability == Durability::Ephemeral {
        let mark = directory.join(EPHEMERAL_MARK);
        fs::write(&mark, "").during("creating", &mark)?;
    }
    Ok(())
}

fn include_settings(directory: &Path) -> Result<(), Error> {
    let configuration = directory.join("postgresql.conf");
    let mut file = OpenOptions::new().append(true).open(&configuration).during("opening", &configuration)?;
    file.write_all(format!("\ninclude_if_exists = '{}'\n", settings::FILE).as_bytes())
        .and_then(|()| file.sync_all())
        .during("writing", &configuration)
}

/// Returns the complaint itself: initdb ends with what it did about it ("removing contents of …").
fn reason(output: &str) -> Option<String> {
    let complaints = ["initdb: error: ", "FATAL: ", "PANIC: "];
    output.lines().find_map(|line| {
        complaints.iter().find_map(|mark| line.split_once(mark).map(|(_, said)| said.trim().to_owned()))
    })
}

fn sync(directory: &Path) -> Result<(), Error> {
    fs::File::open(directory).and_then(|directory| directory.sync_all()).during("syncing", directory)
}
