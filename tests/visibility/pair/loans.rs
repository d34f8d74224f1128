//! Steps about sharing whole contexts.

use chrono::SecondsFormat;
use http::Method;
use serde_json::json;
use shared::access::Role;

use super::Pair;
use crate::harness::Client as _;
use crate::visibility::model::{Loan, Place};
use crate::visibility::steps::{Lending, Step};

impl Pair {
    pub(super) async fn perform_loans(&mut self, step: &Step) {
        match step {
            Step::Lend(lending) => {
                // Memories that were pinned for a time are in it until somebody has tidied up.
                self.tidy().await;
                if let Some(loan) = self.loan(lending) {
                    self.lend(loan).await;
                }
            }
            Step::EndLoan { person, loan } if !self.loans.is_empty() => {
                let live = (0..self.loans.len()).filter(|loan| !self.model.loans[*loan].ended);
                let Some(loan) = Self::choose(*loan, live, self.loans.len()) else { return };
                let able = self.able(|pair, person| pair.model.may_end_loan(person, loan));
                if let Some(person) = Self::choose(*person, able, self.people.len()) {
                    self.end_loan(person, loan).await;
                }
            }
            _ => {}
        }
    }

    /// Rather by an administrator, with those with whom they may share it.
    fn loan(&self, lending: &Lending) -> Option<Loan> {
        let context = self.context(lending.context)?;
        let admins = self.able(|pair, it| match pair.model.contexts[&context].get(&it) {
            Some(member) if member.role >= Role::Admin => 200,
            _ => 403,
        });
        let by = Self::choose(lending.by, admins, self.people.len())?;
        let until = lending.hours.map(|hours| self.model.now + chrono::TimeDelta::hours(hours));
        let loan = |with| Loan { context, with, permission: lending.permission, by, until, ended: false };
        let places = self.places(0..self.people.len());
        let places: Vec<Place> =
            places.into_iter().filter(|place| !matches!(place, Place::Context(_))).collect();
        let able =
            (0..places.len()).filter(|number| self.model.may_lend(&loan(places[*number])) == Ok(false));
        let with = Self::choose(lending.with, able, places.len())?;
        Some(loan(places[with]))
    }

    /// Somebody shares a context; the number of that. What others have to agree to is not asked for any longer.
    pub(super) async fn lend(&mut self, loan: Loan) -> Option<usize> {
        let expires_at = loan.until.map(|until| until.to_rfc3339_opts(SecondsFormat::Micros, true));
        let body = json!({
            "with": self.label(loan.with), "permission": loan.permission, "expires_at": expires_at,
        });
        let path = format!("/v1/contexts/{}/shares/", self.contexts[loan.context]);
        let answer = self.people[loan.by].post(&path, body).await;
        match self.model.may_lend(&loan) {
            Err(status) => drop(answer.assert_status(status)),
            Ok(true) => {
                let asked = answer.assert_status(202).json();
                let path = format!("/v1/approvals/{}/withdraw/", asked["approval"]["id"].as_str().unwrap());
                self.people[loan.by].call(Method::POST, &path, None).await.ok();
            }
            Ok(false) => {
                let shared = answer.assert_status(201).json();
                let id = shared["share"]["id"].as_str().unwrap_or_else(|| panic!("{shared}")).to_owned();
                let number = self.model.lend(loan);
                match self.loans.get(number) {
                    Some(known) => assert_eq!(*known, id, "the same with other terms"),
                    None => self.loans.push(id),
                }
                return Some(number);
            }
        }
        None
    }

    pub(super) async fn end_loan(&mut self, person: usize, number: usize) {
        let context = &self.contexts[self.model.loans[number].context];
        let path = format!("/v1/contexts/{context}/shares/{}/", self.loans[number]);
        let status = self.model.may_end_loan(person, number);
        self.people[person].delete(&path).await.assert_status(status);
        if status == 200 {
            self.model.loans[number].ended = true;
        }
    }

    /// In the end every context is shared no longer, as far as there is somebody who can end that.
    pub(super) async fn take_back_loans(&mut self) {
        for number in 0..self.loans.len() {
            let able = self.able(|pair, person| pair.model.may_end_loan(person, number));
            if let Some(person) = able.first() {
                self.end_loan(*person, number).await;
            }
        }
    }
}
