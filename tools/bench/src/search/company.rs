//! The people, the authors, and who may see what: the model against which answers are checked.
//!
//! It is computed from numbers, the same every time, and independent of the product: it never asks the database who
//! may see what. A company has five levels: the enterprise, organizations, divisions, teams of twenty people, and
//! people. After the import some things change (people and teams move, roles are revoked, memories are shared or
//! forgotten); this describes the state after that, and the state before it where it matters.

use crate::text::Random;
use crate::text::topics::TOPICS;

/// People in a team.
const TEAM: u32 = 20;
/// Teams in a division.
const DIVISION: u32 = 10;
/// The numbers of the second company's memories start here.
pub(super) const RIVAL: u32 = 10_000_000;

/// A place in which a memory can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Place {
    Enterprise,
    Organization(u32),
    Division(u32),
    Team(u32),
    Person(u32),
}

/// One memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fact {
    pub(super) author: u32,
    pub(super) home: Place,
    /// A second place in which it can be seen.
    pub(super) shared: Option<Place>,
    pub(super) topic: u32,
    pub(super) forgotten: bool,
}

/// A tenant.
#[derive(Debug)]
pub(super) struct Company {
    /// The number of its first memory.
    pub(super) first: u32,
    pub(super) people: u32,
    pub(super) teams: u32,
    pub(super) divisions: u32,
    pub(super) organizations: u32,
    pub(super) facts: Vec<Fact>,
}

impl Company {
    /// Creates a company with this many memories: a hundred for each of its people, but at least four people.
    pub(super) fn new(first: u32, memories: u32) -> Self {
        let people = (memories / 100).max(4);
        let teams = (people / TEAM).max(1);
        let divisions = teams.div_ceil(DIVISION);
        let organizations = if divisions > 1 { 2 } else { 1 };
        let mut company = Self { first, people, teams, divisions, organizations, facts: Vec::new() };
        company.facts = (0..memories).map(|number| company.fact(number)).collect();
        company
    }

    /// The same with everything in the enterprise's scope.
    pub(super) fn gathered(first: u32, memories: u32) -> Self {
        let mut company = Self::new(first, memories);
        for fact in &mut company.facts {
            *fact = Fact { author: 0, home: Place::Enterprise, shared: None, ..*fact };
        }
        company
    }

    fn fact(&self, number: u32) -> Fact {
        let mut random = Random(u64::from(self.first + number));
        let mut below = |bound: u32| u32::try_from(random.below(bound as usize)).unwrap_or_default();
        // Some write much, most write little: the minimum of two draws.
        let writer = below(self.people).min(below(self.people));
        let (author, home) = match below(100) {
            0..80 => (writer, Place::Person(writer)),
            80..92 => (writer, Place::Team(self.first_team_of(writer))),
            92..97 => {
                let division = self.division_at_first(self.first_team_of(writer));
                (self.lead_of(division), Place::Division(division))
            }
            97..99 => (0, Place::Organization(below(self.organizations))),
            _ => (0, Place::Enterprise),
        };
        // The people of a team talk about the same eight topics, and each about three of their own.
        let team = self.first_team_of(author);
        let topic = match (home, below(10)) {
            (Place::Enterprise | Place::Organization(_), _) | (_, 9) => below(TOPICS),
            (Place::Person(person), 0..5) => (person * 31 + below(3) * 7919) % TOPICS,
            _ => (team * 101 + below(8) * 211) % TOPICS,
        };
        let shared = match (home, below(100)) {
            (Place::Person(_), 0) => Some(Place::Team((team + 1) % self.teams)),
            (Place::Person(_), 1) => Some(Place::Person((author + 3) % self.people)),
            (Place::Team(_), 0..4) => Some(Place::Team((team + self.teams / 2) % self.teams)),
            (Place::Team(_), 4) => Some(Place::Enterprise),
            _ => None,
        };
        Fact {
            author,
            home,
            shared: shared.filter(|place| *place != home),
            topic,
            forgotten: below(200) == 0,
        }
    }

    /// The team in which a person starts.
    pub(super) fn first_team_of(&self, person: u32) -> u32 {
        (person / TEAM).min(self.teams - 1)
    }

    /// A second team, in which a fifth of the people are viewers.
    pub(super) fn second_team_of(&self, person: u32) -> Option<u32> {
        (person % 5 == 4 && self.teams > 1).then(|| (self.first_team_of(person) + 1) % self.teams)
    }

    /// The team to which a person moves later.
    pub(super) fn moves_to(&self, person: u32) -> Option<u32> {
        (person % 53 == 7 && self.teams > 3).then(|| (self.first_team_of(person) + 3) % self.teams)
    }

    /// Whether a person later loses the role in their first team.
    pub(super) fn is_revoked(&self, person: u32) -> bool {
        person % 97 == 13 && self.moves_to(person).is_none()
    }

    /// The division of which a person is a member, because they lead it.
    pub(super) fn leads(&self, person: u32) -> Option<u32> {
        let division = self.division_at_first(self.first_team_of(person));
        (self.lead_of(division) == person).then_some(division)
    }

    fn lead_of(&self, division: u32) -> u32 {
        // The second person of its first team: the very first person owns the enterprise.
        division * DIVISION * TEAM + 1
    }

    /// The division in which a team starts.
    pub(super) fn division_at_first(&self, team: u32) -> u32 {
        team / DIVISION
    }

    /// The division to which a team moves later. No lead's team moves.
    pub(super) fn team_moves_to(&self, team: u32) -> Option<u32> {
        (team % 41 == 5 && self.divisions > 1).then(|| (self.division_at_first(team) + 1) % self.divisions)
    }

    fn division_of(&self, team: u32) -> u32 {
        self.team_moves_to(team).unwrap_or_else(|| self.division_at_first(team))
    }

    /// The organization of a division.
    pub(super) fn organization_of(&self, division: u32) -> u32 {
        division % self.organizations
    }

    /// Whether a person may see what is in a place, after all changes.
    pub(super) fn sees(&self, person: u32, place: Place) -> bool {
        if place == Place::Person(person) {
            return true;
        }
        let member = |place: Place| match place {
            Place::Enterprise => person == 0,
            Place::Division(division) => self.leads(person) == Some(division),
            Place::Team(team) => {
                let first = self.moves_to(person).unwrap_or_else(|| self.first_team_of(person));
                (first == team && !self.is_revoked(person)) || self.second_team_of(person) == Some(team)
            }
            Place::Organization(_) | Place::Person(_) => false,
        };
        let path = self.path(place);
        // A role includes everything below; what is above is visible to everybody below.
        if path.iter().any(|above| member(*above)) {
            return !matches!(place, Place::Person(_));
        }
        let held = self.held(person);
        held.iter().any(|own| self.path(*own).contains(&place))
    }

    /// The places of which a person is a member, after all changes.
    fn held(&self, person: u32) -> Vec<Place> {
        let first = self.moves_to(person).unwrap_or_else(|| self.first_team_of(person));
        let mut held: Vec<Place> = self.second_team_of(person).map(Place::Team).into_iter().collect();
        held.extend((!self.is_revoked(person)).then_some(Place::Team(first)));
        held.extend(self.leads(person).map(Place::Division));
        held.extend((person == 0).then_some(Place::Enterprise));
        held
    }

    /// A place and everything above it.
    fn path(&self, place: Place) -> Vec<Place> {
        let mut path = vec![place];
        let mut at = place;
        while let Some(above) = match at {
            Place::Enterprise => None,
            Place::Organization(_) | Place::Person(_) => Some(Place::Enterprise),
            Place::Division(division) => Some(Place::Organization(self.organization_of(division))),
            Place::Team(team) => Some(Place::Division(self.division_of(team))),
        } {
            path.push(above);
            at = above;
        }
        path
    }

    /// Returns a memory by its number, if it belongs to this company.
    pub(super) fn find(&self, number: u32) -> Option<&Fact> {
        self.facts.get(number.checked_sub(self.first)? as usize)
    }

    /// Whether a person may find a memory, after all changes.
    pub(super) fn may_find(&self, person: u32, number: u32) -> bool {
        self.find(number).is_some_and(|fact| {
            !fact.forgotten
                && (self.sees(person, fact.home) || fact.shared.is_some_and(|place| self.sees(person, place)))
        })
    }

    /// A topic for a person's question: half of the time one of their own.
    pub(super) fn asks_about(&self, person: u32, random: &mut Random) -> u32 {
        let mut below = |bound: u32| u32::try_from(random.below(bound as usize)).unwrap_or_default();
        match below(4) {
            0 => (person * 31 + below(3) * 7919) % TOPICS,
            1 => (self.first_team_of(person) * 101 + below(8) * 211) % TOPICS,
            _ => below(TOPICS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_their_shares() {
        let company = Company::new(0, 100_000);
        let share = |of: fn(&Place) -> bool| {
            company.facts.iter().filter(|fact| of(&fact.home)).count() * 1000 / company.facts.len()
        };
        assert!((795..805).contains(&share(|place| matches!(place, Place::Person(_)))));
        assert!((115..125).contains(&share(|place| matches!(place, Place::Team(_)))));
        assert!((46..54).contains(&share(|place| matches!(place, Place::Division(_)))));
        assert!((8..12).contains(&share(|place| matches!(place, Place::Enterprise))));
    }

    #[test]
    fn people_see_their_own_what_is_above_and_what_they_lead() {
        let company = Company::new(0, 100_000);
        assert!(company.sees(25, Place::Person(25)) && !company.sees(25, Place::Person(26)));
        assert!(company.sees(25, Place::Team(1)) && !company.sees(25, Place::Team(3)));
        assert!(company.sees(25, Place::Division(0)) && company.sees(25, Place::Organization(0)));
        assert!(company.sees(25, Place::Enterprise) && !company.sees(25, Place::Organization(1)));
        // The owner sees every team, but nobody's own.
        assert!(company.sees(0, Place::Team(17)) && !company.sees(0, Place::Person(25)));
        // The lead of division 1 sees its teams.
        assert!(company.sees(201, Place::Team(12)) && !company.sees(201, Place::Team(22)));
    }

    #[test]
    fn who_moved_or_lost_a_role_sees_no_more() {
        let company = Company::new(0, 100_000);
        let moved = (0..company.people).find(|person| company.moves_to(*person).is_some()).unwrap();
        assert!(!company.sees(moved, Place::Team(company.first_team_of(moved))));
        assert!(company.sees(moved, Place::Team(company.moves_to(moved).unwrap())));
        let revoked = (0..company.people)
            .find(|person| company.is_revoked(*person) && company.second_team_of(*person).is_none())
            .unwrap();
        assert!(!company.sees(revoked, Place::Enterprise) && company.sees(revoked, Place::Person(revoked)));
        let team = (0..company.teams).find(|team| company.team_moves_to(*team).is_some()).unwrap();
        assert!(!company.sees(team * TEAM + 2, Place::Division(company.division_at_first(team))));
    }
}
