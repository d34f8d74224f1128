//! One running function holds one connection: what may run at once must fit what the database takes.

use std::fs;

use crate::deploy::infra;

/// For people, migrations and RDS itself.
const SPARE: u32 = 20;

#[test]
fn all_functions_at_once_fit_into_the_databases_connections() {
    let mut sizes = 0;
    for file in fs::read_dir(infra().join("sizes")).unwrap() {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let line =
            |name: &str| text.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap();
        let connections: u32 = line("connections").parse().unwrap();
        let reserved = line("concurrency").trim_matches(['{', '}', ' ']).split(',');
        let reserved: u32 =
            reserved.map(|part| part.split(": ").nth(1).unwrap().trim().parse::<u32>().unwrap()).sum();
        assert!(reserved + SPARE <= connections, "{}: {reserved} of {connections}", path.display());
        sizes += 1;
    }
    assert_eq!(sizes, 3);
}
