//! Clients that open connections and send nothing, or only a part of a request.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use super::installation::Installation;
use super::process::Process;

/// A server that lets so many in at once, and its address.
fn up(installation: &Installation, most: &str) -> (Process, String) {
    let mut command = installation.command(&["serve", "--embedded"]);
    command.env("MEM0_MAX_CONNECTIONS", most);
    let mut process = Process::spawn(command);
    process.wait_until_it_says("Ctrl-C stops the server");
    let address = installation.demo()["MEM0_URL"].trim_start_matches("http://").to_owned();
    (process, address)
}

#[test]
fn who_asks_for_nothing_makes_room_for_who_does() {
    let installation = Installation::new();
    let (mut server, address) = up(&installation, "3");
    let mut silent: Vec<TcpStream> = (0..5).map(|_| TcpStream::connect(&address).unwrap()).collect();
    for stream in &mut silent {
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: mem0").unwrap();
    }
    let mut asking = TcpStream::connect(&address).unwrap();
    asking.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    asking.write_all(b"GET /health HTTP/1.1\r\nhost: mem0\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    asking.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    drop(silent);
    server.interrupt();
    assert_eq!(server.wait_for_end().code(), Some(0), "{}", server.said());
}
