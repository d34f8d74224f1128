//! Events of a schedule: `{"job": "memory.embed"}`, or several in `{"jobs": […]}`, which run one after the other.
//!
//! The jobs share the available time: each gets an equal part of what is left when its turn comes, so that
//! a job with much to do does not prevent the next from running. All end before the schedule's next event,
//! so that events do not pile up.
//!
//! With EventBridge this is the constant input of the rule (or the schedule); EventBridge's own envelope, with the
//! input in `detail`, is also accepted.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use shared::jobs::{JOBS, Job, Worker};

use super::{Failure, MARGIN};

/// EventBridge sends nothing more often.
const SCHEDULED: Duration = Duration::from_secs(60);

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

/// Runs the jobs and returns how many items each processed. A job that fails does not stop
/// the others, but fails the event.
pub(super) async fn answer(worker: &Worker, event: &Value) -> Result<Value, Failure> {
    let jobs = jobs(event)?;
    let (mut done, mut failed) = (Map::new(), Vec::new());
    let worker = worker.within(until_next(&jobs));
    for (job, waiting) in jobs.iter().zip((1..=jobs.len()).rev()) {
        match worker.with_part_of_time(waiting).run(job).await {
            Ok(count) => {
                done.insert(job.name.to_owned(), json!(count));
            }
            Err(error) => failed.push(format!("{}: {error}", job.name)),
        }
    }
    if failed.is_empty() { Ok(json!({ "done": done })) } else { Err(failed.join("; ").into()) }
}

/// Returns how long it is until the next event of a schedule with these jobs, minus the time that ending takes.
fn until_next(jobs: &[&Job]) -> Duration {
    let shortest = jobs.iter().map(|job| job.every).min().unwrap_or_default();
    shortest.max(SCHEDULED) - MARGIN
}

/// Resolves the names of all jobs, before the first one runs.
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
    fn events_of_a_schedule_end_before_the_next_one() {
        let seconds = |event| until_next(&jobs(&event).unwrap()).as_secs();
        assert_eq!(seconds(json!({ "jobs": ["memory.embed", "audit.seal"] })), 55);
        assert_eq!(seconds(json!({ "jobs": ["audit.check"] })), 3595);
    }

    #[test]
    fn what_is_not_known_is_named_together_with_what_is() {
        let error = names(json!({ "jobs": ["memory.embed", "memory.forget_all"] })).unwrap_err();
        assert!(error.contains("memory.forget_all") && error.contains("search.review_tiers"), "{error}");
        let error = names(json!({ "detail": {} })).unwrap_err();
        assert!(error.contains("expected"), "{error}");
    }
}
