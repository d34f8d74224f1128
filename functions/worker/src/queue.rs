//! Events of an SQS queue, with partial batch responses (`ReportBatchItemFailures`).
//!
//! The body of a record is `{"topic", "enterprise_id"?, "subject"?, "payload"?}`, or the short form that schedules
//! send: `{"job": NAME}`, `{"jobs": [NAME, …]}`. Each is written to the outbox under its SQS message id, so a record
//! that SQS delivers twice is stored once, and then delivered with everything else that is due. The outbox handles
//! order, attempts, pauses and dead letters. A record that cannot be parsed or that the database refuses fails here;
//! it goes back to SQS and in the end to its dead-letter queue. All records fail if the database is unavailable.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use shared::error::Error;
use shared::ids::EnterpriseId;
use shared::jobs::{Job, Worker};
use shared::outbox::Received;

use super::Failure;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    message_id: String,
    #[serde(default)]
    body: String,
    #[serde(default, rename = "eventSourceARN")]
    queue: String,
}

impl Record {
    fn is_in_order(&self) -> bool {
        self.queue.ends_with(".fifo")
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Body {
    Job(JobBody),
    Jobs(JobsBody),
    Message(MessageBody),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JobBody {
    job: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JobsBody {
    jobs: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageBody {
    topic: String,
    #[serde(default)]
    enterprise_id: Option<EnterpriseId>,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    payload: Map<String, Value>,
}

/// Stores the batch in the outbox and delivers it; returns the records that SQS must deliver again.
pub(super) async fn answer(worker: &Worker, event: Map<String, Value>) -> Result<Value, Failure> {
    let batch = Batch::deserialize(Value::Object(event))
        .map_err(|error| format!("the event is not a batch of SQS messages: {error}"))?;
    let (messages, mut failed) = read(worker, &batch);
    match take_over(worker, &messages).await {
        Ok(refused) => failed.extend(refused),
        Err(error) => {
            error.log();
            failed = batch.records.iter().map(|record| record.message_id.as_str()).collect();
        }
    }
    if failed.len() < batch.records.len()
        && let Err(error) = worker.deliver().await
    {
        // They are in the outbox, and the schedule will deliver them.
        error.log();
    }
    let failures: Vec<Value> = failed.iter().map(|id| json!({ "itemIdentifier": id })).collect();
    Ok(json!({ "batchItemFailures": failures }))
}

/// Returns the records that can be parsed, and the ids of those that cannot. In a FIFO queue
/// nothing may overtake a failure.
fn read<'a>(worker: &Worker, batch: &'a Batch) -> (Vec<(&'a Record, Vec<Received>)>, Vec<&'a str>) {
    let (mut messages, mut failed) = (Vec::new(), Vec::new());
    for record in &batch.records {
        let understood = if record.is_in_order() && !failed.is_empty() {
            Err("an earlier message failed".to_owned())
        } else {
            understand(worker, record)
        };
        match understood {
            Ok(understood) => messages.push((record, understood)),
            Err(problem) => {
                tracing::warn!(sqs.message_id = record.message_id, problem, "a message cannot be taken over");
                failed.push(record.message_id.as_str());
            }
        }
    }
    (messages, failed)
}

/// Writes all messages to the outbox at once, or, if one is refused, one after the other; returns the ids of those
/// that were refused. Fails if the database is unavailable, which says nothing about any of them.
async fn take_over<'a>(
    worker: &Worker,
    messages: &[(&'a Record, Vec<Received>)],
) -> Result<Vec<&'a str>, Error> {
    let all: Vec<Received> = messages.iter().flat_map(|(_, received)| received).cloned().collect();
    match worker.receive(&all).await {
        Ok(_) => return Ok(Vec::new()),
        Err(error @ Error::Unavailable { .. }) => return Err(error),
        Err(_) => {}
    }
    let mut refused = Vec::new();
    for (record, received) in messages {
        if record.is_in_order() && !refused.is_empty() {
            refused.push(record.message_id.as_str());
            continue;
        }
        match worker.receive(received).await {
            Ok(_) => {}
            Err(error @ Error::Unavailable { .. }) => return Err(error),
            Err(error) => {
                error.log();
                tracing::warn!(sqs.message_id = record.message_id, "the database refuses a message");
                refused.push(record.message_id.as_str());
            }
        }
    }
    Ok(refused)
}

/// Returns the messages of a record. Several jobs become separate messages, so that one that
/// fails does not block the others.
fn understand(worker: &Worker, record: &Record) -> Result<Vec<Received>, String> {
    let id = &record.message_id;
    // Without serde's message, which may quote the body.
    let unknown = |_| "the body is neither {\"job\"} nor {\"jobs\"} nor {\"topic\", …}".to_owned();
    let body: Value = serde_json::from_str(&record.body).map_err(unknown)?;
    if holds_nul(&body) {
        return Err("the body holds a character U+0000, which PostgreSQL cannot store".to_owned());
    }
    let body = Body::deserialize(body).map_err(unknown)?;
    match body {
        Body::Job(JobBody { job }) => Ok(vec![job_of(id.clone(), &job)]),
        Body::Jobs(JobsBody { jobs }) => {
            let known = |job: &String| Job::named(job).ok_or_else(|| format!("there is no job {job:?}"));
            let jobs = jobs.iter().map(known).collect::<Result<Vec<_>, _>>()?;
            Ok(jobs.iter().map(|job| job_of(format!("{id}:{}", job.name), job.name)).collect())
        }
        Body::Message(message) => Ok(vec![message_of(worker, id.clone(), message)?]),
    }
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(holds_nul),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn job_of(id: String, job: &str) -> Received {
    Received {
        id,
        enterprise: None,
        topic: "job.run".to_owned(),
        subject: String::new(),
        payload: json!({ "job": job }),
    }
}

fn message_of(worker: &Worker, id: String, message: MessageBody) -> Result<Received, String> {
    let MessageBody { topic, enterprise_id: enterprise, subject, payload } = message;
    if worker.topic(&topic).is_none() {
        return Err(format!("there is no topic {topic:?}"));
    }
    if subject.chars().count() > 200 {
        return Err("the subject is longer than 200 characters".to_owned());
    }
    Ok(Received { id, enterprise, topic, subject, payload: Value::Object(payload) })
}
