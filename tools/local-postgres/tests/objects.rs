//! Roles, databases and extensions.

use crate::support::{Root, ask, block_on, open};

#[test]
fn roles_and_databases_are_made_once_and_then_kept() {
    let root = Root::new();
    let cluster = open(&root.ephemeral()).unwrap();
    block_on(async {
        cluster.ensure_role("app", "first").await.unwrap();
        assert!(cluster.ensure_database("mem0", "app").await.unwrap());
        assert!(!cluster.ensure_database("mem0", "app").await.unwrap());
        cluster.ensure_role("app", "second").await.unwrap();
    });
    assert!(ask(&cluster.url("app", "first", "mem0"), "SELECT 1").is_err(), "the old password is gone");
    let url = cluster.url("app", "second", "mem0");
    assert_eq!(ask(&url, "current_user").unwrap(), "app");
    let owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()";
    assert_eq!(ask(&url, owner).unwrap(), "app");
    assert_eq!(ask(&url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user").unwrap(), "false");
}

#[test]
fn names_and_passwords_may_contain_anything() {
    let root = Root::new();
    let cluster = open(&root.ephemeral()).unwrap();
    let (role, password, database) = ("o'Brien \"x\"", "p'\\ \"$$;--ü", "d\"b'; DROP");
    block_on(async {
        cluster.ensure_role(role, password).await.unwrap();
        cluster.ensure_database(database, role).await.unwrap();
    });
    assert_eq!(ask(&cluster.url(role, password, database), "current_user").unwrap(), role);
}

#[test]
fn processes_may_ensure_the_same_things_at_the_same_time() {
    let root = Root::new();
    let cluster = open(&root.ephemeral()).unwrap();
    let made: usize = std::thread::scope(|scope| {
        let make = || {
            block_on(async {
                cluster.ensure_role("app", "secret").await.unwrap();
                let new = cluster.ensure_database("mem0", "app").await.unwrap();
                cluster.ensure_extension("mem0", "vector").await.unwrap();
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
    let root = Root::new();
    let cluster = open(&root.ephemeral()).unwrap();
    block_on(cluster.ensure_extension("postgres", "vector")).unwrap();
    let url = cluster.superuser_url("postgres");
    assert_eq!(ask(&url, "SELECT '[1,0]'::halfvec <=> '[0,1]'").unwrap(), "1");
    let version = ask(&url, "SELECT extversion FROM pg_extension WHERE extname = 'vector'").unwrap();
    let numbers: Vec<u32> = version.split('.').map(|part| part.parse().unwrap()).collect();
    assert!(numbers >= vec![0, 8, 4], "{version}");
}

#[test]
fn what_fails_says_what_was_being_done() {
    let root = Root::new();
    let cluster = open(&root.ephemeral()).unwrap();
    let error = block_on(cluster.ensure_database("mem0", "nobody_there")).unwrap_err();
    assert_eq!(error.to_string(), "making database mem0 failed");
    let source = std::error::Error::source(&error).unwrap().source().unwrap().to_string();
    assert!(source.contains("role \"nobody_there\" does not exist"), "{source}");
}
