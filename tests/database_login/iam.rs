//! IAM tokens instead of passwords.

use serde_json::json;
use shared::config::DatabaseAuth;
use shared::db::Database;

use super::{ACCESS_KEY, HOST, Rds, SECRET_KEY, ask, credentials};
use crate::providers::clients;

/// Logging in with tokens.
pub(crate) fn iam() -> DatabaseAuth {
    DatabaseAuth::Iam { region: "eu-central-1".to_owned(), credentials: credentials(None) }
}

/// A database whose front knows its own address, which tokens are for.
pub(crate) async fn rds() -> Rds {
    Rds::start("never sent", true).await
}

#[tokio::test]
async fn a_token_opens_the_door_and_an_expired_one_does_not_until_a_new_one_is_made() {
    let rds = rds().await;
    let database = Database::new(&rds.config(None, iam()).await).unwrap();
    ask(&database).await.unwrap();
    assert_eq!(rds.front.refused_tokens(), 0);

    // Judged by a clock that is 20 minutes ahead: as if it had been made that long ago.
    rds.front.judge_tokens_later_by(20 * 60);
    rds.end_sessions().await;
    let error = ask(&database).await.unwrap_err();
    assert!(error.contains("PAM authentication failed"), "{error}");
    assert_eq!(rds.front.refused_tokens(), 2, "a second one was tried");
    rds.front.judge_tokens_later_by(0);
    ask(&database).await.unwrap();
}

#[tokio::test]
async fn a_token_of_somebody_else_or_for_another_region_is_refused() {
    let rds = rds().await;
    for auth in [
        DatabaseAuth::Iam { region: "eu-west-1".to_owned(), credentials: credentials(None) },
        DatabaseAuth::Iam {
            region: "eu-central-1".to_owned(),
            credentials: shared::config::AwsCredentials::Fixed {
                id: ACCESS_KEY.to_owned(),
                secret: "another".into(),
                token: None,
            },
        },
    ] {
        let database = Database::new(&rds.config(None, auth).await).unwrap();
        assert!(ask(&database).await.is_err());
    }
}

#[tokio::test]
async fn amazons_own_client_makes_tokens_that_the_front_takes() {
    // The front computes signatures by itself; botocore is who says whether it does so rightly.
    let rds = rds().await;
    let port = rds.front.address().port();
    let input = json!({
        "host": HOST, "port": port, "user": rds.role, "region": "eu-central-1", "id": ACCESS_KEY, "secret": SECRET_KEY,
        "token": null,
    });
    let token = clients::run("../database_login/rds_token.py", &input).await;
    let quoted = format!("'{}'", token["token"].as_str().unwrap());
    let database = Database::new(&rds.config(Some(&quoted), DatabaseAuth::Password).await).unwrap();
    ask(&database).await.unwrap();
}
