//! The packaged `migrate`, and functions with a database that it has not prepared.

use std::time::Duration;

use lambda_emulator::{Function, InvokeError};
use serde_json::json;

use super::deployment::{Deployment, migrate_with, options};
use crate::harness::TestDatabase;

#[tokio::test]
async fn migrate_brings_an_empty_database_to_this_builds_schema_and_can_be_repeated() {
    let database = TestDatabase::unprepared().await;
    let tasks = tempfile::tempdir().unwrap();
    let migrate = Function::new(options("migrate", &tasks, &database.owner_url().await));
    let (first, second) = tokio::join!(migrate_with(&migrate), migrate_with(&migrate));
    let (first, second) = (first.unwrap(), second.unwrap());
    let applied = |report: &serde_json::Value| report["applied"].as_array().unwrap().len();
    let migrations = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/migrations");
    let expected = std::fs::read_dir(migrations).unwrap().count();
    assert_eq!([applied(&first), applied(&second)].iter().sum::<usize>(), expected, "{first} {second}");
    assert_eq!(first["version"], shared::db::SCHEMA_VERSION);
    assert_eq!(
        migrate_with(&migrate).await.unwrap(),
        json!({ "applied": [], "version": shared::db::SCHEMA_VERSION })
    );
}

#[tokio::test]
async fn migrate_reports_a_database_that_it_cannot_reach() {
    let tasks = tempfile::tempdir().unwrap();
    let migrate = Function::new(options("migrate", &tasks, "postgres://nobody:secret@127.0.0.1:1/nowhere"));
    let error = migrate_with(&migrate).await.unwrap_err();
    let InvokeError::Function(report) = error else { panic!("{error:?}") };
    assert!(report.error_message.contains("database"), "{report}");
    assert!(!report.error_message.contains("secret"), "{report}");
}

#[tokio::test]
async fn functions_start_before_the_schema_is_there_and_answer_503_until_it_is() {
    let database = TestDatabase::unprepared().await;
    let owner = database.owner_url().await;
    let deployment = Deployment::on(database).await;
    let visitor = deployment.visitor();
    let login = json!({ "email": "ada@ada.example", "password": "whatever it is" });
    let refusal = visitor.post("/v1/auth/login", login.clone()).await;
    refusal.assert_problem(503, "unavailable", None);

    let tasks = tempfile::tempdir().unwrap();
    migrate_with(&Function::new(options("migrate", &tasks, &owner))).await.unwrap();
    visitor.post("/v1/auth/login", login).await.assert_problem(401, "unauthenticated", None);
    assert_eq!(deployment.function("auth").cold_starts(), 1, "the same environment");
}

#[tokio::test]
async fn functions_without_a_database_answer_503_in_good_time() {
    let tasks = tempfile::tempdir().unwrap();
    let admin = options("admin", &tasks, "postgres://nobody:secret@127.0.0.1:1/nowhere");
    let admin = Function::new(admin.timeout(Duration::from_secs(10)));
    let get = |path: &str| http::Request::get(path).body(bytes::Bytes::new()).unwrap();
    let answer = admin.invoke(get("/ready")).await.unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(admin.invoke(get("/health")).await.unwrap().status(), 200);
    assert!(!admin.output().text().contains("secret"), "{}", admin.output().text());
}

#[tokio::test]
async fn migrate_prepares_the_login_of_the_functions_when_it_is_told_to() {
    let database = TestDatabase::unprepared().await;
    let (tasks, login) = (tempfile::tempdir().unwrap(), "mem0_login_of_a_test");
    let options = options("migrate", &tasks, &database.owner_url().await).env("MEM0_DATABASE_LOGIN", login);
    let migrate = Function::new(options);
    for _ in 0..2 {
        migrate_with(&migrate).await.unwrap();
    }
    let superuser = database.superuser().await;
    let made = "SELECT rolcanlogin AND NOT rolinherit AND NOT rolsuper, pg_has_role($1, 'mem0_app', 'SET'),
                       'role=mem0_app' = ANY (setconfig)
                  FROM pg_roles JOIN pg_db_role_setting ON setrole = pg_roles.oid WHERE rolname = $1";
    let row = superuser.query_one(made, &[&login]).await.unwrap();
    superuser.batch_execute(&format!("DROP ROLE {login}")).await.unwrap();
    assert!(row.get::<_, bool>(0) && row.get::<_, bool>(1) && row.get::<_, bool>(2));
}
