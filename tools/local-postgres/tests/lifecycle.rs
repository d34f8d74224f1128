//! Opening, reusing, stopping.

use std::net::TcpListener;
use std::path::Path;

use local_postgres::{Cluster, Error};

use crate::support::{Root, another_process, ask, execute, kill_hard, open, open_aloud, outcome, setting};

#[test]
fn opening_twice_reuses_the_running_server() {
    let root = Root::new();
    let first = root.open_durable();
    let pid = root.pid();
    let (second, lines) = open_aloud(&root.durable());
    assert_eq!(second.unwrap().port(), first.port());
    assert_eq!(root.pid(), pid);
    assert!(lines.is_empty(), "nothing takes long: {lines:?}");
}

#[test]
fn what_was_written_survives_a_stop() {
    let root = Root::new();
    assert!(!root.stop(), "there is nothing yet");
    let cluster = root.open_durable();
    let port = cluster.port();
    execute(&cluster, "CREATE TABLE kept AS SELECT 42 AS answer");
    assert!(root.stop());
    assert!(!root.file("data/postmaster.pid").exists());
    assert!(!root.stop(), "it has stopped already");

    let again = root.open_durable();
    assert_eq!(again.port(), port, "the port is remembered");
    assert_eq!(ask(&again.superuser_url("postgres"), "SELECT answer FROM kept").unwrap(), "42");
}

#[test]
fn a_taken_port_is_replaced_and_the_new_one_remembered() {
    let root = Root::new();
    let cluster = root.open_durable();
    let port = cluster.port();
    cluster.stop(&mut |_| {}).unwrap();

    let squatter = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let moved = root.open_durable();
    assert_ne!(moved.port(), port);
    let new_port = moved.port();
    moved.stop(&mut |_| {}).unwrap();

    drop(squatter);
    assert_eq!(root.open_durable().port(), new_port);
}

#[test]
fn processes_that_open_together_share_one_server() {
    let root = Root::new();
    let children: Vec<_> = (0..3).map(|_| another_process(&root.path()).spawn().unwrap()).collect();
    let ports: Vec<_> = children.into_iter().map(|child| outcome(child).unwrap()).collect();
    assert!(ports.iter().all(|port| *port == ports[0]), "{ports:?}");
    assert_eq!(root.open_durable().port(), ports[0], "the server outlives the processes that started it");
}

#[test]
fn a_throw_away_cluster_begins_empty_whenever_its_server_starts() {
    let root = Root::new();
    let exists = |cluster: &Cluster| {
        ask(&cluster.superuser_url("postgres"), "to_regclass('written') IS NOT NULL").unwrap() == "true"
    };
    let cluster = open(&root.ephemeral()).unwrap();
    assert_eq!(setting(&cluster, "fsync"), "off");
    execute(&cluster, "CREATE TABLE written AS SELECT 1");
    assert!(exists(&open(&root.ephemeral()).unwrap()), "it is reused while it runs");
    kill_hard(root.pid());
    assert!(!exists(&open(&root.ephemeral()).unwrap()));
}

#[test]
fn durable_data_is_never_thrown_away_by_mistake() {
    let root = Root::new();
    execute(&root.open_durable(), "CREATE TABLE dear AS SELECT 1");
    assert!(matches!(open(&root.ephemeral()), Err(Error::OtherDurability { .. })));
    root.stop();
    assert!(matches!(open(&root.ephemeral()), Err(Error::OtherDurability { .. })));
    let cluster = root.open_durable();
    assert_eq!(setting(&cluster, "fsync"), "on");
    assert_eq!(ask(&cluster.superuser_url("postgres"), "SELECT count(*) FROM dear").unwrap(), "1");
}

#[test]
fn settings_reach_the_server_and_bad_ones_are_reported_in_its_words() {
    let root = Root::new();
    let error = open(&root.ephemeral().set("shared_buffers", "a lot")).unwrap_err();
    assert!(error.to_string().contains("invalid value for parameter \"shared_buffers\""), "{error}");

    let cluster = open(&root.ephemeral().set("shared_buffers", "16MB").set("work_mem", "5MB")).unwrap();
    assert_eq!(setting(&cluster, "shared_buffers"), "16MB");
    assert_eq!(setting(&cluster, "work_mem"), "5MB");
    assert_eq!(setting(&cluster, "server_encoding"), "UTF8");
    assert_eq!(setting(&cluster, "timezone"), "UTC");
    assert_eq!(setting(&cluster, "listen_addresses"), "127.0.0.1");
}

#[test]
fn nothing_is_made_where_nothing_was() {
    assert!(!Cluster::stop_at(Path::new("/nonexistent/root"), &mut |_| {}).unwrap());
    assert!(!Path::new("/nonexistent").exists());
}
