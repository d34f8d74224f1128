//! The server's configuration file.

use std::fmt::Write;
use std::path::Path;

use crate::config::{Config, Durability};
use crate::error::Error;

/// Included by `postgresql.conf`; written before every start.
pub(crate) const FILE: &str = "mem0.conf";

/// Settings of every cluster.
const COMMON: &[(&str, &str)] = &[
    ("listen_addresses", "127.0.0.1"),
    ("unix_socket_permissions", "0700"),
    ("password_encryption", "scram-sha-256"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("shared_buffers", "128MB"),
    // Compiling the queries of this schema costs more than it saves.
    ("jit", "off"),
];

/// Settings for disposable data.
const EPHEMERAL: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    // Key stretching only slows down the connections of a thousand tests, and the data is disposable: with the usual
    // 4096 rounds, a client built without optimisation needs 110 ms for each; with one round, 10 ms.
    ("scram_iterations", "1"),
    // Many test processes run at once, each with its pools.
    ("max_connections", "300"),
];

/// Renders the configuration file. Later lines win, so the caller's settings come last but for the listening
/// addresses, which callers cannot choose.
pub(crate) fn render(config: &Config, port: u16, sockets: Option<&Path>) -> Result<String, Error> {
    let mut text = String::from("# Written at every start of the server: changes here are lost.\n");
    let ephemeral = if config.durability == Durability::Ephemeral { EPHEMERAL } else { &[] };
    for (name, value) in COMMON.iter().chain(ephemeral) {
        line(&mut text, name, value)?;
    }
    for (name, value) in &config.settings {
        line(&mut text, name, value)?;
    }
    line(&mut text, "port", &port.to_string())?;
    // A list, in which double quotes protect commas and spaces.
    let sockets = sockets.map_or_else(String::new, |path| format!("\"{}\"", path.display()));
    line(&mut text, "unix_socket_directories", &sockets)?;
    Ok(text)
}

fn line(text: &mut String, name: &str, value: &str) -> Result<(), Error> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    if name.is_empty() || !name.chars().all(plain) || value.contains(char::is_control) {
        return Err(Error::BadSetting(name.to_owned()));
    }
    let value = value.replace('\\', "\\\\").replace('\'', "''");
    let _ = writeln!(text, "{name} = '{value}'");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_settings_win_but_cannot_move_the_server() {
        let config = Config::ephemeral("/x").set("shared_buffers", "1GB").set("port", "1");
        let text = render(&config, 5555, Some(Path::new("/a, b"))).expect("valid");
        let last = |name: &str| text.lines().rfind(|line| line.split(" = ").next() == Some(name));
        assert_eq!(last("shared_buffers"), Some("shared_buffers = '1GB'"));
        assert_eq!(last("port"), Some("port = '5555'"));
        assert_eq!(last("unix_socket_directories"), Some("unix_socket_directories = '\"/a, b\"'"));
        assert_eq!(last("fsync"), Some("fsync = 'off'"));
    }

    #[test]
    fn a_durable_cluster_keeps_fsync() {
        let text = render(&Config::durable("/x"), 1, None).expect("valid");
        assert!(!text.contains("fsync"));
        assert!(text.contains("unix_socket_directories = ''"));
    }

    #[test]
    fn a_setting_cannot_smuggle_in_another() {
        for (name, value) in [("a b", "1"), ("", "1"), ("jit", "on'\nfsync = 'off"), ("jit\nfsync", "off")] {
            assert!(render(&Config::durable("/x").set(name, value), 1, None).is_err(), "{name} {value}");
        }
    }
}
