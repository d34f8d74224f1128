//! Who can reach the server and its files, and that the environment cannot influence it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use local_postgres::{Cluster, Config, Error};
use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;

use crate::support::{Root, another_process, ask, block_on, mode, open, outcome};

#[test]
fn the_server_and_its_files_are_private_to_an_account_that_is_not_root() {
    let root = Root::new();
    let cluster = root.open_durable();
    let sockets = cluster.socket_directory().unwrap();
    assert_eq!(mode(&root.file("data")), 0o700);
    assert_eq!(mode(&sockets), 0o700);
    assert_eq!(mode(&root.file("superuser.password")), 0o600);
    assert_eq!(mode(&root.file("server.log")), 0o600);

    let owner = |path: &Path| fs::metadata(path).unwrap().uid();
    let account = owner(&root.file("data"));
    assert_ne!(account, 0);
    assert_eq!(owner(&sockets), account);
    assert_eq!(owner(Path::new(&format!("/proc/{}", root.pid()))), account);
    assert_eq!(owner(&root.path()), nix::unistd::geteuid().as_raw());

    let pid = nix::unistd::Pid::from_raw(root.pid());
    assert_eq!(nix::unistd::getsid(Some(pid)).unwrap(), pid, "closing our terminal does not end it");
    let password = fs::read_to_string(root.file("superuser.password")).unwrap();
    assert!(!format!("{cluster:?}").contains(password.trim()));
}

#[test]
fn a_wrong_password_is_refused_over_tcp_and_over_the_socket() {
    let root = Root::new();
    let cluster = root.open_durable();
    let refused = |error: tokio_postgres::Error| error.code() == Some(&SqlState::INVALID_PASSWORD);
    assert!(refused(ask(&cluster.url("postgres", "guess", "postgres"), "SELECT 1").unwrap_err()));

    let password = fs::read_to_string(root.file("superuser.password")).unwrap();
    let over_the_socket = |password: &str| {
        let mut config = tokio_postgres::Config::new();
        config.host_path(cluster.socket_directory().unwrap()).port(cluster.port());
        config.user("postgres").password(password);
        block_on(async { config.connect(NoTls).await.map(drop) })
    };
    over_the_socket(password.trim()).unwrap();
    assert!(refused(over_the_socket("guess").unwrap_err()));
}

#[test]
fn the_environment_and_other_postgresqls_have_no_influence() {
    let root = Root::new();
    let decoys = tempfile::tempdir().unwrap();
    for name in ["postgres", "initdb", "pg_ctl", "psql", "pg_config"] {
        symlink("/bin/false", decoys.path().join(name)).unwrap();
    }
    let path = format!("{}:{}", decoys.path().display(), std::env::var("PATH").unwrap());
    let mut command = another_process(&root.path());
    command.env("PATH", path);
    for name in ["PGHOST", "PGPORT", "PGDATA", "PGUSER", "PGOPTIONS", "PGDATABASE", "LC_ALL", "LANG", "TZ"] {
        command.env(name, "nonsense");
    }
    let port = outcome(command.spawn().unwrap()).unwrap();
    let cluster = root.open_durable();
    assert_eq!(cluster.port(), port);
    let version = ask(&cluster.superuser_url("postgres"), "current_setting('server_version')").unwrap();
    assert!(version.starts_with("18."), "{version}");
    let environment = fs::read(format!("/proc/{}/environ", root.pid())).unwrap();
    assert!(!String::from_utf8_lossy(&environment).contains("nonsense"));
}

#[test]
fn a_root_too_long_for_a_socket_still_has_tcp() {
    let root = Root::new();
    let deep = root.path().join("d".repeat(90));
    let cluster = open(&Config::ephemeral(&deep)).unwrap();
    assert_eq!(cluster.socket_directory(), None);
    assert_eq!(ask(&cluster.superuser_url("postgres"), "SELECT 1").unwrap(), "1");
    cluster.stop(&mut |_| {}).unwrap();
}

#[test]
fn a_root_a_shell_would_misread_is_refused_before_anything_runs() {
    let root = Root::new();
    for name in ["a$(touch x)", "a\"b", "a`b`"] {
        assert!(matches!(open(&Config::ephemeral(root.path().join(name))), Err(Error::BadPath(_))), "{name}");
    }
}

#[test]
fn a_root_inside_a_private_home_works_for_root_too() {
    let home = tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempdir().unwrap();
    let root = home.path().join("checkout/.local/postgres");
    let cluster = open(&Config::durable(&root)).unwrap();
    let elsewhere = cluster.directory().to_owned();
    assert_eq!(ask(&cluster.superuser_url("postgres"), "SELECT 1").unwrap(), "1");
    assert_eq!(open(&Config::durable(&root)).unwrap().port(), cluster.port());
    assert!(Cluster::stop_at(&root, &mut |_| {}).unwrap());
    if nix::unistd::geteuid().is_root() {
        assert!(elsewhere.starts_with("/var/lib/mem0-enterprise"), "{}", elsewhere.display());
        fs::remove_dir_all(&elsewhere).unwrap();
        // The parents are shared with other clusters; only empty ones are removed.
        let emptied = elsewhere.ancestors().skip(1).take_while(|path| fs::remove_dir(path).is_ok());
        assert!(emptied.count() > 0);
    } else {
        assert_eq!(elsewhere, fs::canonicalize(&root).unwrap());
    }
}

#[test]
fn data_without_its_password_is_explained() {
    let root = Root::new();
    fs::create_dir_all(root.file("data")).unwrap();
    fs::write(root.file("data/PG_VERSION"), "18\n").unwrap();
    let error = open(&root.durable()).unwrap_err();
    assert!(matches!(&error, Error::PasswordLost(path) if path.ends_with("superuser.password")), "{error}");
}

#[test]
fn data_of_another_major_version_is_left_alone() {
    let root = Root::new();
    fs::create_dir_all(root.file("data/base")).unwrap();
    fs::write(root.file("data/PG_VERSION"), "17\n").unwrap();
    let error = open(&root.durable()).unwrap_err();
    assert!(matches!(&error, Error::OtherVersion { found, .. } if found == "17"), "{error}");
    assert!(root.file("data/base").exists());
}
