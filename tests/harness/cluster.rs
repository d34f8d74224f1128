//! The PostgreSQL that all tests of this user share, and the roles that tests log in as.
//!
//! It keeps running between test runs, so that only the first one after a boot waits for it.

use local_postgres::{Cluster, Config};
use tokio::sync::OnceCell;
use tokio_postgres::Client;

/// Owns the databases and applies the migrations; not a superuser, like the owner in a real installation.
pub(super) const OWNER: &str = "mem0_owner";

/// The role that the application logs in as: may do nothing but `SET ROLE mem0_app`.
pub(super) const LOGIN: &str = "mem0_login";

static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();

/// The running cluster.
pub(super) async fn cluster() -> &'static Cluster {
    CLUSTER.get_or_init(open).await
}

async fn open() -> Cluster {
    let opening = tokio::task::spawn_blocking(|| {
        Cluster::open(&Config::shared_by_tests()?, &mut |line| eprintln!("{line}"))
    });
    opening.await.unwrap().expect("the embedded PostgreSQL starts")
}

/// Connects as superuser; the current runtime drives the connection.
pub(super) async fn superuser(database: &str) -> Client {
    cluster().await.connect(database).await.unwrap()
}

/// Returns a role's URL of a database. All roles of the tests share the superuser's random password,
/// which only this user can read.
pub(super) async fn url(role: &str, database: &str) -> String {
    let cluster = cluster().await;
    cluster.url(role, &password(cluster), database)
}

/// Creates the roles that the template needs. They belong to the cluster, so this needs the template's lock.
pub(super) async fn ensure_roles() {
    let cluster = cluster().await;
    let password = password(cluster);
    cluster.ensure_role(OWNER, &password).await.unwrap();
    cluster.ensure_role(LOGIN, &password).await.unwrap();
    let client = superuser(local_postgres::SUPERUSER).await;
    // The first migration creates mem0_app and mem0_identity if they are missing, so they belong to mem0_owner;
    // another owner's test may have been first.
    let roles = "ALTER ROLE mem0_owner CREATEROLE; ALTER ROLE mem0_login NOINHERIT;
        DO $$
        BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mem0_app') THEN
                GRANT mem0_app TO mem0_owner WITH ADMIN OPTION;
            END IF;
        END $$";
    client.batch_execute(roles).await.unwrap();
}

fn password(cluster: &Cluster) -> String {
    let superuser: tokio_postgres::Config = cluster.superuser_url("postgres").parse().unwrap();
    String::from_utf8(superuser.get_password().unwrap().to_vec()).unwrap()
}
