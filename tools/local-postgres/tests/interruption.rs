//! Whatever was killed, and whenever: the next open recovers.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use crate::support::{Root, another_process, ask, execute, kill_hard, until};

/// Returns the entries of `directory` whose name begins with `prefix`.
fn entries(directory: &Path, prefix: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(prefix)).collect()
}

fn kill_and_reap(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_killed_server_is_restarted_with_everything_committed() {
    let root = Root::new();
    execute(&root.open_durable(), "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n");
    kill_hard(root.pid());
    let cluster = root.open_durable();
    assert_eq!(ask(&cluster.superuser_url("postgres"), "SELECT count(*) FROM kept").unwrap(), "1000");
}

#[test]
fn a_process_killed_while_initdb_runs_leaves_nothing_in_the_way() {
    let root = Root::new();
    let child = another_process(&root.path()).spawn().unwrap();
    until("initdb has begun to write", || {
        let made = entries(&root.path(), "unfinished-data-");
        made.iter().any(|name| root.file(name).join("global").exists())
    });
    kill_and_reap(child);
    assert!(!root.file("data").exists(), "the data directory appears only when it is complete");

    let cluster = root.open_durable();
    assert_eq!(ask(&cluster.superuser_url("postgres"), "SELECT 1").unwrap(), "1");
    assert_eq!(entries(&root.path(), "unfinished-"), [""; 0], "leftovers are swept");
}

#[test]
fn a_process_killed_at_any_moment_can_be_followed_by_another() {
    let root = Root::new();
    for milliseconds in [5, 20, 60, 150, 400, 700, 1000, 1500] {
        let child = another_process(&root.path()).spawn().unwrap();
        thread::sleep(Duration::from_millis(milliseconds));
        kill_and_reap(child);
    }
    let cluster = root.open_durable();
    assert_eq!(ask(&cluster.superuser_url("postgres"), "SELECT 1").unwrap(), "1");
}

#[test]
fn a_data_directory_that_is_not_complete_is_set_aside_not_deleted() {
    let root = Root::new();
    fs::create_dir_all(root.file("data/base/1")).unwrap();
    fs::write(root.file("data/base/1/somebodys"), "bytes").unwrap();
    root.open_durable();
    let aside = entries(&root.path(), "data-incomplete-");
    assert_eq!(aside.len(), 1);
    assert!(root.file(&aside[0]).join("base/1/somebodys").exists());
}

#[test]
fn a_stale_pid_file_that_is_empty_or_names_a_living_process_is_seen_through() {
    let root = Root::new();
    execute(&root.open_durable(), "CREATE TABLE kept AS SELECT 1");
    kill_hard(root.pid());

    // PostgreSQL looks only at processes of its own user.
    let owner = fs::metadata(root.file("data")).unwrap();
    let mut sleeper = Command::new("/bin/sleep");
    sleeper.arg("60");
    if nix::unistd::geteuid().is_root() {
        sleeper.uid(owner.uid()).gid(owner.gid());
    }
    let sleeper = sleeper.spawn().unwrap();
    let pid_file = root.file("data/postmaster.pid");
    let text = fs::read_to_string(&pid_file).unwrap();
    let (_, rest) = text.split_once('\n').unwrap();
    fs::write(&pid_file, format!("{}\n{rest}", sleeper.id())).unwrap();

    assert!(!root.stop(), "somebody else's process is not stopped");
    let cluster = root.open_durable();
    assert_eq!(ask(&cluster.superuser_url("postgres"), "SELECT count(*) FROM kept").unwrap(), "1");
    assert_ne!(root.pid(), i32::try_from(sleeper.id()).unwrap());
    kill_and_reap(sleeper);

    kill_hard(root.pid());
    fs::write(&pid_file, "").unwrap();
    let cluster = root.open_durable();
    assert_eq!(ask(&cluster.superuser_url("postgres"), "SELECT count(*) FROM kept").unwrap(), "1");
}

#[test]
fn a_backend_that_outlives_its_server_is_waited_for() {
    let root = Root::new();
    let cluster = root.open_durable();
    execute(&cluster, "CREATE TABLE kept AS SELECT 1");
    let busy = thread::spawn({
        let url = cluster.superuser_url("postgres");
        // Computes without checking whether its server is still alive.
        move || ask(&url, "SELECT count(*) FROM generate_series(1, 10000000)")
    });
    let active = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%series(1%' \
                  AND pid <> pg_backend_pid()";
    until("the query runs", || ask(&cluster.superuser_url("postgres"), active).unwrap() == "1");
    kill_hard(root.pid());

    let cluster = root.open_durable();
    assert_eq!(ask(&cluster.superuser_url("postgres"), "SELECT count(*) FROM kept").unwrap(), "1");
    let _ = busy.join().unwrap();
}

#[test]
fn a_server_that_is_stopping_is_waited_for_and_started_again() {
    let root = Root::new();
    let cluster = root.open_durable();
    execute(&cluster, "CREATE TABLE kept AS SELECT 1");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(root.pid()), nix::sys::signal::Signal::SIGINT).unwrap();
    let status = || fs::read_to_string(root.file("data/postmaster.pid")).unwrap_or_default();
    until("it is stopping", || !status().contains("ready"));
    let cluster = root.open_durable();
    assert_eq!(ask(&cluster.superuser_url("postgres"), "SELECT count(*) FROM kept").unwrap(), "1");
}

#[test]
fn deleting_everything_under_a_running_server_is_a_fresh_start() {
    let root = Root::new();
    execute(&root.open_durable(), "CREATE TABLE deleted AS SELECT 1");
    let abandoned = root.pid();
    fs::remove_dir_all(root.path()).unwrap();
    let cluster = root.open_durable();
    assert_eq!(ask(&cluster.superuser_url("postgres"), "to_regclass('deleted') IS NULL").unwrap(), "true");
    // It would end by itself once it notices, within a minute.
    kill_hard(abandoned);
}
