//! Steps about delegates, and invariants of every decision, independent of the model.

use chrono::SecondsFormat;
use http::Method;
use proptest::sample::Index;
use serde_json::json;

use super::Pair;
use crate::harness::Client as _;
use crate::visibility::model::Delegation;
use crate::visibility::steps::Step;

/// Whoever decided about what they themselves asked for, as the database has it.
const OWN: &str = "
    SELECT a.id FROM approvals a
      LEFT JOIN approval_parts p ON p.enterprise_id = a.enterprise_id AND p.approval_id = a.id
     WHERE (a.decided_by = a.requested_by AND a.status IN ('approved', 'denied')) OR p.decided_by = a.requested_by";

impl Pair {
    pub(super) async fn perform_delegates(&mut self, step: &Step) {
        match step {
            Step::Delegate { from, to, node, hours } => {
                let (to, node) = (self.person(*to), self.ruled(*node));
                let able =
                    (0..self.people.len()).filter(|from| self.model.may_delegate(*from, to, node) == 201);
                if let Some(from) = Self::choose(*from, able, self.people.len()) {
                    self.delegate(from, to, node, *hours).await;
                }
            }
            Step::EndDelegation { person, delegation } if !self.delegations.is_empty() => {
                let number = delegation.index(self.delegations.len());
                let able =
                    (0..self.people.len()).filter(|it| self.model.may_end_delegation(*it, number) == 204);
                if let Some(person) = Self::choose(*person, able, self.people.len()) {
                    self.end_delegation(person, number).await;
                }
            }
            _ => {}
        }
    }

    /// Rather a node whose admins have something to decide.
    fn ruled(&self, index: Index) -> Option<usize> {
        let mut nodes: Vec<Option<usize>> = self.model.rules.iter().copied().collect();
        nodes.push(self.node_or_root(index));
        *index.get(&nodes)
    }

    async fn delegate(&mut self, from: usize, to: usize, node: Option<usize>, hours: i64) {
        let until = self.model.now + chrono::TimeDelta::hours(hours);
        let ends_at = until.to_rfc3339_opts(SecondsFormat::Micros, true);
        let body = json!({ "user_id": self.people[to].user, "ends_at": ends_at });
        let path = format!("{}/approval-delegates", self.path_of(node));
        let answer = self.people[from].post(&path, body).await;
        let status = self.model.may_delegate(from, to, node);
        answer.assert_status(status);
        if status == 201 {
            self.delegations
                .push(answer.json()["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned());
            self.model.delegations.push(Delegation { from, to, node, until, ended: false });
        }
    }

    async fn end_delegation(&mut self, person: usize, number: usize) {
        let path = format!("/v1/approval-delegates/{}", self.delegations[number]);
        let status = self.model.may_end_delegation(person, number);
        self.people[person].call(Method::DELETE, &path, None).await.assert_status(status);
        if status == 204 {
            self.model.delegations[number].ended = true;
        }
    }

    /// Whoever decides does so on a ground that has nothing to do with whoever asked.
    pub(super) fn assert_others_ground(&self, person: usize, number: usize) {
        let request = &self.model.requests[number];
        let others = self.model.without(request.by).may_decide(person, request);
        assert!(person != request.by && others, "person {person} decided for who asked: {request:?}");
    }

    pub(super) async fn assert_four_eyes(&self, after: &impl std::fmt::Debug) {
        let own = self.app.database().superuser().await.query(OWN, &[]).await.unwrap();
        assert!(own.is_empty(), "{} decided about their own, after {after:?}", own.len());
    }
}
