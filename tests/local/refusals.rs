//! Whatever prevents a start is reported in one sentence.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use local_postgres::{Cluster, Config};
use tempfile::TempDir;

use super::installation::Installation;
use super::process::Process;

/// Runs the server, which must refuse with one line; returns it.
fn refusal(installation: &Installation, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let mut command = installation.command(arguments);
    command.envs(variables.iter().copied());
    let mut process = Process::spawn(command);
    let status = process.wait_for_end();
    let said = process.said();
    assert_eq!(status.code(), Some(1), "{said}");
    let sentence = said.strip_prefix("error: ").unwrap_or_else(|| panic!("no error: {said}"));
    assert_eq!(sentence.lines().count(), 1, "{said}");
    assert!(!sentence.contains("hunter2"), "passwords are not for terminals: {said}");
    sentence.trim_end().to_owned()
}

#[test]
fn a_taken_port_is_found_out_before_anything_is_started() {
    let installation = Installation::new();
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap().to_string();
    let sentence = refusal(&installation, &["serve", "--embedded"], &[("MEM0_LISTEN", &address)]);
    assert!(sentence.starts_with(&format!("cannot listen on {address}")), "{sentence}");
    assert!(sentence.contains("MEM0_LISTEN") && sentence.contains("in use"), "{sentence}");
    assert!(!installation.file("").exists(), "nothing was made");
}

#[test]
fn settings_that_cannot_be_understood_are_named() {
    let installation = Installation::new();
    for (variable, value) in [
        ("MEM0_LISTEN", "13370"),
        ("MEM0_PUBLIC_URL", "mem0.example"),
        ("MEM0_PUBLIC_URL", "https://mem0.example/base"),
        ("MEM0_PUBLIC_URL", "https://u:hunter2@mem0.example"),
        ("MEM0_PUBLIC_URL", "https://mem0.example?x=1"),
        ("MEM0_MAX_BODY_BYTES", "1MB"),
        ("MEM0_DATABASE_URL", "mysql://root:hunter2@localhost/mem0"),
        ("MEM0_DATABASE_CONNECTIONS", "many"),
        ("MEM0_DATABASE_CA", "/nowhere/ca.pem"),
        ("MEM0_LOG", "loud"),
        ("MEM0_MAX_CONNECTIONS", "0"),
        ("MEM0_MAX_BODY_BYTES", "0"),
        ("MEM0_REGISTRATION", "closed"),
        ("MEM0_TRUSTED_PROXIES", "127.0.0.1, proxy.internal"),
        ("MEM0_TRUSTED_PROXIES", "0.0.0.0/0"),
    ] {
        let url = ("MEM0_DATABASE_URL", "postgres://owner:hunter2@127.0.0.1:1/mem0");
        let sentence = refusal(&installation, &["serve"], &[url, (variable, value)]);
        assert!(sentence.starts_with(variable), "{variable}: {sentence}");
    }
    let sentence = refusal(&installation, &["serve"], &[]);
    assert!(
        sentence.starts_with("MEM0_DATABASE_URL is not set") && sentence.contains("make up"),
        "{sentence}"
    );
}

#[test]
fn a_database_of_ones_own_gets_no_demo() {
    let installation = Installation::new();
    let url = ("MEM0_DATABASE_URL", "postgres://owner:hunter2@127.0.0.1:1/mem0");
    let sentence = refusal(&installation, &["serve", "--embedded"], &[url]);
    assert!(sentence.starts_with("MEM0_DATABASE_URL is set, and --embedded"), "{sentence}");
    assert!(!installation.file("").exists(), "nothing was made");
}

#[test]
fn a_directory_is_served_by_one_process() {
    let installation = Installation::new();
    let mut first = installation.up();
    let sentence = refusal(&installation, &["serve", "--embedded"], &[]);
    let url = &installation.demo()["MEM0_URL"];
    assert!(
        sentence.contains("is served already, by process ") && sentence.contains(url.as_str()),
        "{sentence}"
    );
    // At the same address it is found out even before that.
    let listen = [("MEM0_LISTEN", url.strip_prefix("http://").unwrap())];
    let sentence = refusal(&installation, &["serve", "--embedded"], &listen);
    let runs = "mem0-enterprise already runs here, as process ";
    assert!(sentence.starts_with(runs) && sentence.contains(url.as_str()), "{sentence}");
    // Its database was left alone, and its end leaves the directory to the next.
    first.interrupt();
    assert_eq!(first.wait_for_end().code(), Some(0), "{}", first.said());
    installation.up();
}

#[test]
fn down_ends_a_server_that_runs() {
    let installation = Installation::new();
    let down = || {
        let mut process = Process::spawn(installation.command(&["down"]));
        assert_eq!(process.wait_for_end().code(), Some(0), "{}", process.said());
        process.said()
    };
    assert_eq!(down(), "nothing was running\n");
    let mut server = installation.up();
    let said = down();
    assert!(
        said.starts_with("stopping the server, process ") && said.contains("the data stays in"),
        "{said}"
    );
    assert_eq!(server.wait_for_end().code(), Some(0), "{}", server.said());
    // What a killed server leaves is stopped as well.
    let mut server = installation.up();
    server.kill();
    let said = down();
    assert!(said.contains("PostgreSQL stopped") && !said.contains("the server"), "{said}");
}

#[test]
fn a_database_that_cannot_be_reached_is_named_without_its_password() {
    let installation = Installation::new();
    for (url, place) in [
        ("postgres://owner:hunter2@127.0.0.1:1/mem0", "127.0.0.1:1"),
        ("postgres://owner:hunter2@no-such-host.invalid/mem0", "no-such-host.invalid"),
    ] {
        for arguments in [["serve"].as_slice(), &["migrate"]] {
            let sentence = refusal(&installation, arguments, &[("MEM0_DATABASE_URL", url)]);
            assert!(sentence.contains("cannot connect to") && sentence.contains(place), "{sentence}");
        }
    }
}

/// A PostgreSQL of somebody else's, with one empty database and its owner.
struct Foreign {
    directory: TempDir,
    cluster: Cluster,
}

impl Foreign {
    async fn new() -> Self {
        let open = fs::Permissions::from_mode(0o755);
        let directory = tempfile::Builder::new().prefix("mem0-").permissions(open).tempdir().unwrap();
        let config = Config::ephemeral(directory.path());
        let open = tokio::task::spawn_blocking(move || Cluster::open(&config, &mut |_| {}).unwrap());
        let cluster = open.await.unwrap();
        cluster.ensure_role("owner", "hunter2").await.unwrap();
        cluster.ensure_database("mem0", "owner").await.unwrap();
        Self { directory, cluster }
    }

    fn url(&self, password: &str) -> String {
        self.cluster.url("owner", password, "mem0")
    }

    async fn execute(&self, sql: &str) {
        self.cluster.connect("mem0").await.unwrap().batch_execute(sql).await.unwrap();
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let _ = Cluster::stop_at(self.directory.path(), &mut |_| {});
    }
}

#[tokio::test]
async fn a_database_that_is_not_fit_is_refused_with_what_to_do() {
    let (installation, foreign) = (Installation::new(), Foreign::new().await);
    let url = foreign.url("hunter2");
    let with =
        |arguments: &[&str], url: &str| refusal(&installation, arguments, &[("MEM0_DATABASE_URL", url)]);

    let sentence = with(&["serve"], &foreign.url("hunter3"));
    assert!(sentence.contains("password authentication failed"), "{sentence}");
    assert!(with(&["serve"], &url).contains("run server migrate first, or serve --migrate"));
    let sentence = with(&["migrate"], &url);
    assert!(sentence.contains("CREATEROLE"), "{sentence}");
    foreign.execute("ALTER ROLE owner CREATEROLE").await;
    let sentence = with(&["migrate"], &url);
    assert!(sentence.contains("superuser") && sentence.contains("CREATE EXTENSION vector"), "{sentence}");
    assert!(with(&["serve", "--migrate"], &url).contains("CREATE EXTENSION vector"));
    remove(foreign.directory.path(), "vector.control");
    let sentence = with(&["migrate"], &url);
    assert!(sentence.contains("pgvector") && sentence.contains("0.8.4"), "{sentence}");
    assert!(!installation.file("").exists(), "somebody else's database needs nothing of ours");
}

/// Removes the files of that name from a tree.
fn remove(directory: &Path, name: &str) {
    for entry in fs::read_dir(directory).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            remove(&entry.path(), name);
        } else if entry.file_name() == name {
            fs::remove_file(entry.path()).unwrap();
        }
    }
}

#[tokio::test]
async fn a_database_of_ones_own_serves_as_well_as_the_embedded_one() {
    let (installation, foreign) = (Installation::new(), Foreign::new().await);
    foreign.execute("ALTER ROLE owner CREATEROLE; CREATE EXTENSION vector").await;
    let url = foreign.url("hunter2");
    let mut migrate = Process::spawn({
        let mut command = installation.command(&["migrate"]);
        command.env("MEM0_DATABASE_URL", &url);
        command
    });
    assert_eq!(migrate.wait_for_end().code(), Some(0), "{}", migrate.said());
    let mut command = installation.command(&["serve"]);
    command.env("MEM0_DATABASE_URL", &url);
    let mut server = Process::spawn(command);
    server.wait_until_it_says("serving on http://127.0.0.1:");
    server.interrupt();
    assert_eq!(server.wait_for_end().code(), Some(0), "{}", server.said());
    assert!(!installation.file("").exists(), "nothing of a local installation is made");
}
