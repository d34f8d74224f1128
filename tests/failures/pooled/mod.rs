//! One session of PostgreSQL for one process after the other, as behind a pooler, with the reset that
//! `docs/guides/runtime.md` gives: nothing of a process is left for the next, except plans.

mod pooler;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::lambda::First;
use tokio_postgres::NoTls;

use super::Environment;
use crate::database_login::Rds;
use pooler::Pooler;

/// The statement that PgBouncer is to run between two clients.
fn documented_reset() -> String {
    let guide = include_str!("../../../docs/guides/runtime.md");
    let line = guide.lines().find_map(|line| line.strip_prefix("server_reset_query = "));
    line.expect("the guide has a configuration of PgBouncer").to_owned()
}

/// A session of which the application's processes have each other's remains, and two enterprises.
struct Shared {
    rds: Rds,
    pooler: Pooler,
    ada: String,
    bob: String,
    /// How many clients the pooler has had.
    clients: usize,
}

impl Shared {
    async fn start() -> Self {
        let rds = Rds::start("right", false).await;
        let direct = Environment::new(&rds).await;
        let mut tokens = Vec::new();
        for name in ["ada", "bob"] {
            let account = json!({
                "email": format!("{name}@{name}.example"), "password": "seven grey herons", "name": name,
                "enterprise_name": format!("{name} Ltd"),
            });
            let answer = direct.post("/v1/auth/register", "", None, account).await;
            let token = answer.body["access_token"].as_str().unwrap().to_owned();
            for number in 0..3 {
                let text = format!("the walrus number {number} is {name}'s");
                assert!(direct.add(&token, None, &text).await.status.is_success());
            }
            tokens.push(token);
        }
        drop(direct);
        let pooler = Pooler::start(rds.database.address().await, documented_reset()).await;
        rds.front.lead_to(pooler.address());
        let [ada, bob] = tokens.try_into().unwrap();
        Self { rds, pooler, ada, bob, clients: 0 }
    }

    /// What a new process on this session finds for the holder of that token.
    async fn found(&mut self, token: &str) -> BTreeSet<String> {
        let process = Environment::expecting(&self.rds, First::Search.expected()).await;
        let search =
            json!({ "query": "whose is the walrus?", "scope": "all", "top_k": 100, "threshold": 0.0 });
        let answer = process.post("/v3/memories/search/", token, None, search).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let text = |row: &Value| row["memory"].as_str().unwrap().to_owned();
        let found = answer.body["results"].as_array().unwrap().iter().map(text).collect();
        self.left(process).await;
        found
    }

    /// Ends a client, and waits until the session is ready for the next.
    async fn left<C>(&mut self, client: C) {
        drop(client);
        self.clients += 1;
        self.pooler.until_left(self.clients).await;
    }

    /// A client of no product of ours.
    #[allow(clippy::disallowed_methods, reason = "not the application")]
    async fn connect(&self) -> tokio_postgres::Client {
        let superuser = self.rds.database.superuser().await;
        let database: String = superuser.query_one("SELECT current_database()", &[]).await.unwrap().get(0);
        let (port, role) = (self.pooler.address().port(), &self.rds.role);
        let url = format!(
            "host=127.0.0.1 port={port} user={role} password=right dbname={database} sslmode=disable"
        );
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }
}

fn walruses(name: &str) -> BTreeSet<String> {
    (0..3).map(|number| format!("the walrus number {number} is {name}'s")).collect()
}

#[tokio::test]
async fn each_process_on_a_kept_session_finds_what_its_own_caller_may_see() {
    let mut shared = Shared::start().await;
    let (ada, bob) = (shared.ada.clone(), shared.bob.clone());
    // Often enough that functions of the schema use one plan for everybody (PostgreSQL makes the first five for the
    // values at hand), with a login in between, which acts as another role.
    for round in 0..8 {
        assert_eq!(shared.found(&ada).await, walruses("ada"), "round {round}");
        let process = Environment::new(&shared.rds).await;
        let login = json!({ "email": "bob@bob.example", "password": "seven grey herons" });
        assert_eq!(process.post("/v1/auth/login", "", None, login).await.status, 200);
        shared.left(process).await;
        assert_eq!(shared.found(&bob).await, walruses("bob"), "round {round}");
    }
    assert_eq!(shared.pooler.sessions(), 1);
}

#[tokio::test]
async fn a_process_that_expects_a_search_prepares_each_of_its_statements_once() {
    let mut shared = Shared::start().await;
    let (ada, before) = (shared.ada.clone(), shared.pooler.prepared().len());
    shared.found(&ada).await;
    let prepared = shared.pooler.prepared().split_off(before);
    // Of a session's token, the keys that it is verified with are read first.
    let expected = ["access.principal", "audit.insert_known", "search.few"];
    assert_eq!(prepared[..3], expected, "{prepared:?}");
    for name in expected {
        assert_eq!(prepared.iter().filter(|one| *one == name).count(), 1, "{prepared:?}");
    }
}

#[tokio::test]
async fn the_reset_leaves_nothing_of_a_client_that_left_everything_behind() {
    const LEAVE: &str = "
        SELECT set_config('mem0.enterprise', (SELECT gen_random_uuid()::text), false),
               set_config('mem0.readable', '{1,2,3}', false), set_config('row_security', 'off', false),
               set_config('statement_timeout', '0', false), set_config('search_path', 'pg_temp', false);
        CREATE TEMP TABLE memories (content text);
        CREATE TEMP SEQUENCE numbers;
        SELECT nextval('numbers');
        PREPARE left_over AS SELECT 1;
        LISTEN left_over;
        SELECT pg_advisory_lock(1);
        DECLARE left_open CURSOR WITH HOLD FOR SELECT 1;
        SET ROLE NONE";
    // What is left, each by its name.
    const LEFT: &str = "
        SELECT name || ' = ' || setting FROM pg_settings
         WHERE source = 'session' AND name NOT IN ('client_encoding', 'application_name')
         UNION ALL
        SELECT name || ' = ' || setting
          FROM (SELECT name, current_setting('mem0.' || name, true) AS setting
                  FROM unnest(ARRAY['enterprise', 'readable', 'ceiling', 'at', 'person']) name) s WHERE setting <> ''
         UNION ALL
        SELECT 'table ' || c.relname FROM pg_class c WHERE c.relnamespace = pg_my_temp_schema()
         UNION ALL
        SELECT 'statement ' || p.name FROM pg_prepared_statements p WHERE p.statement NOT LIKE '%pg_prepared_statements%'
         UNION ALL
        SELECT 'channel ' || c FROM pg_listening_channels() c
         UNION ALL
        SELECT 'cursor ' || c.name FROM pg_cursors c WHERE c.name <> ''
         UNION ALL
        SELECT 'lock' FROM pg_locks l WHERE l.locktype = 'advisory' AND l.pid = pg_backend_pid()
         UNION ALL
        SELECT 'role ' || current_user WHERE current_user <> 'mem0_app'";
    let mut shared = Shared::start().await;
    let ada = shared.ada.clone();
    assert_eq!(shared.found(&ada).await, walruses("ada"));
    let rude = shared.connect().await;
    let pid: i32 = rude.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
    rude.batch_execute(LEAVE).await.unwrap();
    let left = rude.query(LEFT, &[]).await.unwrap();
    assert!(left.len() > 8, "otherwise this proves nothing: {left:?}");
    shared.left(rude).await;

    let next = shared.connect().await;
    assert_eq!(next.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get::<_, i32>(0), pid);
    let left = next.query(LEFT, &[]).await.unwrap();
    let left: Vec<String> = left.iter().map(|row| row.get(0)).collect();
    assert_eq!(left, Vec::<String>::new());
    assert_eq!(
        next.query_one("SELECT current_setting('statement_timeout')", &[]).await.unwrap().get::<_, &str>(0),
        "10s"
    );
    shared.left(next).await;
    assert_eq!(shared.found(&ada).await, walruses("ada"));
    assert_eq!(shared.pooler.sessions(), 1);
}
