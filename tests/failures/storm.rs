//! More cold starts than the database has connections.

use futures_util::future::join_all;

use super::{Environment, memories};
use crate::database_login::Rds;

/// What a client sends again with the same request.
fn key(text: &str) -> String {
    text.replace(' ', "-")
}

#[tokio::test]
async fn a_hundred_cold_starts_on_twenty_connections_lose_and_repeat_nothing() {
    let rds = Rds::start("right", false).await;
    let token = Environment::new(&rds).await.register().await;
    rds.end_sessions().await;
    let limit = format!("ALTER ROLE {} CONNECTION LIMIT 20", rds.role);
    rds.database.superuser().await.batch_execute(&limit).await.unwrap();

    let environments = join_all((0..100).map(|_| Environment::new(&rds))).await;
    let texts: Vec<String> =
        (0..100).map(|number| format!("Shelf {number} holds {} jars", number * 7)).collect();
    let keys: Vec<String> = texts.iter().map(|text| key(text)).collect();
    let answers = join_all(
        environments
            .iter()
            .zip(texts.iter().zip(&keys))
            .map(|(environment, (text, key))| environment.add(&token, Some(key), text)),
    )
    .await;
    let stored = answers.iter().filter(|answer| answer.status == 200).count();
    for answer in &answers {
        assert!(answer.status == 200 || answer.is_come_again(), "{} {}", answer.status, answer.body);
    }
    assert!((20..100).contains(&stored), "{stored} were stored");
    assert_eq!(memories(&rds).await, i64::try_from(stored).unwrap());

    // Clients come again, with the same keys, also those who were answered; the environments that were too many are gone.
    drop(environments);
    let environment = Environment::new(&rds).await;
    while environment.add(&token, None, "Is anybody there?").await.status != 200 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    for text in &texts {
        let answer = environment.add(&token, Some(&key(text)), text).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    assert_eq!(memories(&rds).await, 101);
}
