//! Roles, databases and extensions, in the cluster that all tests of this machine share.

use local_postgres::{Cluster, Config};

use crate::support::{ask, block_on, execute, open};

/// The shared cluster and a unique name. Objects of that name are dropped in the end.
struct Shared {
    cluster: Cluster,
    name: String,
}

impl Shared {
    fn new(test: &str) -> Self {
        let cluster = open(&Config::shared_by_tests().unwrap()).unwrap();
        Self { cluster, name: format!("{test} {}", std::process::id()) }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let name = self.name.replace('"', "\"\"");
        execute(&self.cluster, &format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)"));
        execute(&self.cluster, &format!("DROP ROLE IF EXISTS \"{name}\""));
    }
}

#[test]
fn roles_and_databases_are_made_once_and_then_kept() {
    let shared = Shared::new("kept");
    let (cluster, name) = (&shared.cluster, &*shared.name);
    block_on(async {
        cluster.ensure_role(name, "first").await.unwrap();
        assert!(cluster.ensure_database(name, name).await.unwrap());
        assert!(!cluster.ensure_database(name, name).await.unwrap());
        cluster.ensure_role(name, "second").await.unwrap();
    });
    assert!(ask(&cluster.url(name, "first", name), "SELECT 1").is_err(), "the old password is gone");
    let url = cluster.url(name, "second", name);
    assert_eq!(ask(&url, "current_user").unwrap(), name);
    let owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()";
    assert_eq!(ask(&url, owner).unwrap(), name);
    assert_eq!(ask(&url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user").unwrap(), "false");
}

#[test]
fn names_and_passwords_may_contain_anything() {
    let shared = Shared::new("o'Brien \"x\"; DROP \\ü");
    let (cluster, name, password) = (&shared.cluster, &*shared.name, "p'\\ \"$$;--ü%@/");
    block_on(async {
        cluster.ensure_role(name, password).await.unwrap();
        cluster.ensure_database(name, name).await.unwrap();
    });
    assert_eq!(ask(&cluster.url(name, password, name), "current_user").unwrap(), name);
}

#[test]
fn processes_may_ensure_the_same_things_at_the_same_time() {
    let shared = Shared::new("together");
    let (cluster, name) = (&shared.cluster, &*shared.name);
    let made: usize = std::thread::scope(|scope| {
        let make = || {
            block_on(async {
                cluster.ensure_role(name, "secret").await.unwrap();
                let new = cluster.ensure_database(name, name).await.unwrap();
                cluster.ensure_extension(name, "vector").await.unwrap();
                usize::from(new)
            })
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(make)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(made, 1);
}

#[test]
fn pgvector_has_half_vectors_and_repairing_indexes() {
    let shared = Shared::new("vectors");
    let (cluster, name) = (&shared.cluster, &*shared.name);
    block_on(async {
        cluster.ensure_database(name, "postgres").await.unwrap();
        cluster.ensure_extension(name, "vector").await.unwrap();
    });
    let url = cluster.superuser_url(name);
    assert_eq!(ask(&url, "SELECT '[1,0]'::halfvec <=> '[0,1]'").unwrap(), "1");
    let version = ask(&url, "SELECT extversion FROM pg_extension WHERE extname = 'vector'").unwrap();
    let numbers: Vec<u32> = version.split('.').map(|part| part.parse().unwrap()).collect();
    assert!(numbers >= vec![0, 8, 4], "{version}");
}

#[test]
fn what_fails_says_what_was_being_done() {
    let shared = Shared::new("fails");
    let error = block_on(shared.cluster.ensure_database(&shared.name, "nobody_there")).unwrap_err();
    assert_eq!(error.to_string(), format!("making database {} failed", shared.name));
    let source = std::error::Error::source(&error).unwrap().source().unwrap().to_string();
    assert!(source.contains("role \"nobody_there\" does not exist"), "{source}");
}
