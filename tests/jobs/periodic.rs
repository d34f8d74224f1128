//! Jobs on a schedule.

use std::collections::BTreeSet;

use shared::jobs::{JOBS, Job};

use crate::harness::TestApp;

#[test]
fn jobs_have_names_of_their_own_that_schedules_can_say() {
    let names: BTreeSet<&str> = JOBS.iter().map(|job| job.name).collect();
    assert_eq!(names.len(), JOBS.len());
    for name in names {
        let well_formed = name.split('.').count() == 2
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'_'));
        assert!(well_formed, "{name}");
        assert!(Job::named(name).is_some());
    }
}

#[tokio::test]
async fn every_job_runs_on_an_empty_database_again_and_again_and_side_by_side() {
    let app = TestApp::new().await;
    let worker = app.worker();
    for job in JOBS {
        for done in futures_util::future::join_all((0..3).map(|_| worker.run(job))).await {
            assert_eq!(done.unwrap(), 0, "{}", job.name);
        }
    }
}
