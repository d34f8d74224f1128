//! Compares `infra/aws/schedules.yml`, which this test writes, with every job.
//!
//! Jobs with the same interval share one event, so that an idle installation wakes the worker once a minute and not
//! once for each job; nothing is scheduled more often than EventBridge can.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use shared::jobs::JOBS;

use crate::harness::reviewed_file_changed;

fn file() -> String {
    let mut text = "# What wakes the worker. Written by the test `deploy::schedules` from `shared::jobs`: after adding a job, run it and\n\
                    # commit this.\nevents:\n  \
                    - sqs:\n      arn: !GetAtt WorkQueue.Arn\n      batchSize: 10\n      \
                    functionResponseType: ReportBatchItemFailures\n      maximumConcurrency: 2\n"
        .to_owned();
    let mut by_minutes = BTreeMap::<_, Vec<_>>::new();
    for job in JOBS {
        by_minutes.entry(job.every.as_secs().div_ceil(60).max(1)).or_default().push(job.name);
    }
    for (minutes, jobs) in by_minutes {
        let unit = if minutes == 1 { "minute" } else { "minutes" };
        writeln!(text, "  - eventBridge:\n      schedule: rate({minutes} {unit})").unwrap();
        writeln!(text, "      input: {{ jobs: [{}] }}", jobs.join(", ")).unwrap();
        writeln!(text, "      deadLetterQueueArn: !GetAtt ScheduleDeadLetters.Arn").unwrap();
    }
    text
}

#[test]
fn every_job_is_scheduled() {
    let changed = reviewed_file_changed("../infra/aws/schedules.yml", &file());
    assert!(!changed, "infra/aws/schedules.yml was written anew: look at the difference and commit it");
}
