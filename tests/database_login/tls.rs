//! Which certificates are trusted to be the database.

use shared::config::{DatabaseAuth, DatabaseConfig};
use shared::db::Database;

use super::{Rds, ask};

#[tokio::test]
async fn a_password_is_proven_by_scram_under_tls_and_the_session_is_not_changed() {
    let rds = Rds::start("correct horse battery staple", false).await;
    let quoted = "'correct horse battery staple'";
    let database = Database::new(&rds.config(Some(quoted), DatabaseAuth::Password).await).unwrap();
    ask(&database).await.unwrap();
    let state = "SELECT usename::text, query FROM pg_stat_activity WHERE usename = $1";
    let superuser = rds.database.superuser().await;
    let row = superuser.query_one(state, &[&rds.role]).await.unwrap();
    let query: &str = row.get(1);
    assert!(query.starts_with("SELECT ") && !query.contains("SET "), "{query}");
}

#[tokio::test]
async fn a_wrong_password_is_refused_as_postgresql_says_it() {
    let rds = Rds::start("right", false).await;
    let database = Database::new(&rds.config(Some("wrong"), DatabaseAuth::Password).await).unwrap();
    let error = ask(&database).await.unwrap_err();
    assert!(error.contains("password authentication failed") && !error.contains("wrong"), "{error}");
}

#[tokio::test]
async fn a_certificate_that_amazon_has_not_signed_is_refused_for_a_host_of_rds() {
    let rds = Rds::start("right", false).await;
    let config = DatabaseConfig { ca_pem: None, ..rds.config(Some("right"), DatabaseAuth::Password).await };
    let error = ask(&Database::new(&config).unwrap()).await.unwrap_err();
    assert!(error.contains("UnknownIssuer"), "{error}");
    assert_eq!(rds.front.connections(), 0);
}

#[tokio::test]
async fn tls_cannot_be_switched_off_for_a_host_of_rds() {
    let rds = Rds::start("right", false).await;
    let url = rds.url(Some("right")).await.replace("sslmode=require", "sslmode=disable");
    let config = DatabaseConfig { connections: 1, ..DatabaseConfig::new(url).unwrap() };
    assert!(ask(&Database::new(&config).unwrap()).await.is_err());
}
