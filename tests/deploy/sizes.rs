//! `infra/aws/sizes`: the limits of each installation size, compared with the database's connections and the plans.

use std::fs;

use crate::deploy::infra;
use crate::harness::TestDatabase;

/// For people, migrations and RDS itself.
const SPARE: u32 = 20;

/// Registration, login and refresh of one address in a minute, which the functions count themselves.
const LOGINS: u32 = 600;

struct Size {
    name: String,
    text: String,
}

impl Size {
    fn all() -> Vec<Self> {
        let files = fs::read_dir(infra().join("sizes")).unwrap().map(|file| file.unwrap().path());
        let all: Vec<Self> = files
            .map(|path| Self {
                name: path.file_stem().unwrap().to_string_lossy().into_owned(),
                text: fs::read_to_string(&path).unwrap(),
            })
            .collect();
        assert_eq!(all.len(), 3);
        all
    }

    /// What stands behind a name at the beginning of a line.
    fn line(&self, name: &str) -> &str {
        let lines = self.text.lines();
        lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).next().unwrap()
    }

    /// The numbers of `name: { a: 1, b: 2 }`, or the one of `name: 1`.
    fn numbers(&self, name: &str) -> Vec<u32> {
        let parts = self.line(name).trim_matches(['{', '}', ' ']).split(',');
        parts.map(|part| part.rsplit(' ').next().unwrap().parse().unwrap()).collect()
    }
}

/// One environment holds one connection, and a frozen one of before a deployment keeps it for `idle_session_timeout`.
#[test]
fn all_functions_at_once_before_and_after_a_deployment_fit_into_the_databases_connections() {
    for size in Size::all() {
        let connections = size.numbers("connections")[0];
        let reserved: u32 = size.numbers("concurrency").iter().sum();
        assert!(2 * reserved + SPARE <= connections, "{}: 2 × {reserved} of {connections}", size.name);
    }
}

#[tokio::test]
async fn neither_gateway_nor_firewall_refuses_what_a_plan_allows() {
    let database = TestDatabase::new().await;
    let most = "SELECT max(user_per_minute), max(tenant_per_minute) FROM plans";
    let most = database.superuser().await.query_one(most, &[]).await.unwrap();
    let (user, enterprise) = (most.get::<_, i32>(0).unsigned_abs(), most.get::<_, i32>(1).unsigned_abs());
    for size in Size::all() {
        let (a_minute, strangers) = (60 * size.numbers("requests")[0], size.numbers("strangers")[0]);
        assert!(a_minute >= user, "{}: {a_minute} of all people together, {user} of one", size.name);
        assert!(strangers >= 3 * 5 * LOGINS, "{}: {strangers} strangers in five minutes", size.name);
        let anybody = size.numbers("anybody")[0];
        assert!(anybody >= 5 * user, "{}: {anybody} in five minutes, {user} of one person", size.name);
        assert!(anybody <= 5 * a_minute, "{}: {anybody} of one address, {a_minute} of everybody", size.name);
        if size.name == "large" {
            assert!(a_minute >= enterprise, "{a_minute} of everybody, {enterprise} of one enterprise");
        }
    }
}
