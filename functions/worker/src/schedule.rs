//! Events of a schedule: `{"job": "memory.embed"}`, or several `{"jobs": […]}`, which are run one after the other.
//!
//! With EventBridge that is the rule's (or the schedule's) constant input; its own envelope around it in `detail` is
//! understood as well.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use shared::jobs::{JOBS, Job, Worker};

use super::Failure;

#[derive(Deserialize)]
#[serde(untagged)]
enum Event {
    One { job: String },
    Several { jobs: Vec<String> },
    Wrapped { detail: Box<Event> },
}

impl Event {
    fn names(self) -> Vec<String> {
        match self {
            Self::One { job } => vec![job],
            Self::Several { jobs } => jobs,
            Self::Wrapped { detail } => detail.names(),
        }
    }
}

/// Runs the jobs; how many things each did. One that fails does not keep the others from running, but fails the event.
pub(super) async fn answer(worker: &Worker, event: &Value) -> Result<Value, Failure> {
    let jobs = jobs(event)?;
    let (mut done, mut failed) = (Map::new(), Vec::new());
    for job in jobs {
        match worker.run(job).await {
            Ok(count) => {
                done.insert(job.name.to_owned(), json!(count));
            }
            Err(error) => failed.push(format!("{}: {error}", job.name)),
        }
    }
    if failed.is_empty() { Ok(json!({ "done": done })) } else { Err(failed.join("; ").into()) }
}

/// All of them, before the first one runs.
fn jobs(event: &Value) -> Result<Vec<&'static Job>, Failure> {
    let known = || JOBS.iter().map(|job| job.name).collect::<Vec<_>>().join(", ");
    let Ok(event) = Event::deserialize(event) else {
        return Err(
            format!("expected a queue's Records or {{\"job\": NAME}}, NAME one of {}", known()).into()
        );
    };
    let named = |name: String| {
        Job::named(&name).ok_or_else(|| format!("there is no job {name:?}, only {}", known()).into())
    };
    event.names().into_iter().map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(event: Value) -> Result<Vec<&'static str>, String> {
        jobs(&event).map(|jobs| jobs.iter().map(|job| job.name).collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_schedule_names_one_job_or_several_bare_or_in_eventbridges_envelope() {
        assert_eq!(names(json!({ "job": "memory.embed" })).unwrap(), ["memory.embed"]);
        let several = json!({ "jobs": ["outbox.deliver", "memory.embed"] });
        assert_eq!(names(several.clone()).unwrap(), ["outbox.deliver", "memory.embed"]);
        let envelope = json!({ "version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": several });
        assert_eq!(names(envelope).unwrap(), ["outbox.deliver", "memory.embed"]);
    }

    #[test]
    fn what_is_not_known_is_named_together_with_what_is() {
        let error = names(json!({ "jobs": ["memory.embed", "memory.forget_all"] })).unwrap_err();
        assert!(error.contains("memory.forget_all") && error.contains("search.review_tiers"), "{error}");
        let error = names(json!({ "detail": {} })).unwrap_err();
        assert!(error.contains("expected"), "{error}");
    }
}
