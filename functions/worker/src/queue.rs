//! Events of an SQS queue, with partial batch responses (`ReportBatchItemFailures`).
//!
//! A record's body is `{"topic", "enterprise_id"?, "subject"?, "payload"?}`, or for short what a schedule sends:
//! `{"job": NAME}`, `{"jobs": [NAME, …]}`. Each is written into the outbox under SQS's id of it, so that one that SQS delivers twice is there once, and then delivered with
//! everything else that is due: order, attempts, pauses and dead letters are the outbox's. What fails here, and goes back to
//! SQS and in the end to its dead-letter queue, is a record that cannot be understood, or all when the database is away.

use serde::Deserialize;
use serde_json::{Map, Value, json};
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

/// Takes the batch over and delivers; names the records that SQS shall bring again.
pub(super) async fn answer(worker: &Worker, event: Map<String, Value>) -> Result<Value, Failure> {
    let batch = Batch::deserialize(Value::Object(event))
        .map_err(|error| format!("the event is not a batch of SQS messages: {error}"))?;
    let (messages, mut failed) = read(worker, &batch);
    if let Err(error) = worker.receive(&messages).await {
        error.log();
        failed = batch.records.iter().map(|record| record.message_id.as_str()).collect();
    } else if let Err(error) = worker.deliver().await {
        // They are in the outbox, and the schedule will bring them up.
        error.log();
    }
    let failures: Vec<Value> = failed.iter().map(|id| json!({ "itemIdentifier": id })).collect();
    Ok(json!({ "batchItemFailures": failures }))
}

/// What can be understood, and the ids of what cannot. In a FIFO queue nothing may overtake what failed.
fn read<'a>(worker: &Worker, batch: &'a Batch) -> (Vec<Received>, Vec<&'a str>) {
    let (mut messages, mut failed) = (Vec::new(), Vec::new());
    for record in &batch.records {
        let in_order = record.queue.ends_with(".fifo");
        let understood = if in_order && !failed.is_empty() {
            Err("an earlier message failed".to_owned())
        } else {
            understand(worker, record)
        };
        match understood {
            Ok(understood) => messages.extend(understood),
            Err(problem) => {
                tracing::warn!(sqs.message_id = record.message_id, problem, "a message cannot be taken over");
                failed.push(record.message_id.as_str());
            }
        }
    }
    (messages, failed)
}

/// What a record asks for. Several jobs are as many messages, so that one that fails does not keep the others waiting.
fn understand(worker: &Worker, record: &Record) -> Result<Vec<Received>, String> {
    let id = &record.message_id;
    // Without serde's message, which may quote the body.
    let body: Body = serde_json::from_str(&record.body)
        .map_err(|_| "the body is neither {\"job\"} nor {\"jobs\"} nor {\"topic\", …}".to_owned())?;
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
