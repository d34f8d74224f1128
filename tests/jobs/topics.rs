//! Kinds of work for tests, which succeed, fail, panic or wait.

use std::time::Duration;

use futures_util::FutureExt as _;
use shared::access::UpkeepTx;
use shared::error::{Error, Result};
use shared::jobs::{Topic, Work, Worker};
use shared::outbox::Message;

pub(super) const TOPICS: &[Topic] = &[
    Topic { name: "test.note", work: Work::Within(|tx, message| note(tx, message).boxed()) },
    Topic { name: "test.fail", work: Work::Within(|tx, message| fail(tx, message).boxed()) },
    Topic { name: "test.refuse", work: Work::Beside(|worker, message| refuse(worker, message).boxed()) },
    Topic { name: "test.panic", work: Work::Beside(|worker, message| panic(worker, message).boxed()) },
    Topic { name: "test.linger", work: Work::Within(|tx, message| linger(tx, message).boxed()) },
];

/// Leaves a trace.
async fn note(tx: &UpkeepTx, message: &Message) -> Result<()> {
    let note = message.payload["note"].as_str().unwrap_or_default();
    tx.execute("INSERT INTO effects VALUES ($1, $2)", &[&message.id, &note]).await?;
    Ok(())
}

/// Leaves a trace, and fails.
async fn fail(tx: &UpkeepTx, message: &Message) -> Result<()> {
    note(tx, message).await?;
    Err(Error::internal("the printer is on fire"))
}

async fn refuse(_: &Worker, _: &Message) -> Result<()> {
    Err(Error::malformed("nobody could understand this"))
}

async fn panic(_: &Worker, _: &Message) -> Result<()> {
    panic!("out of ideas")
}

/// Leaves a trace, and takes its time the first time.
async fn linger(tx: &UpkeepTx, message: &Message) -> Result<()> {
    note(tx, message).await?;
    if message.attempt == 1 {
        tokio::time::sleep(Duration::from_secs(3600)).await;
    }
    Ok(())
}
