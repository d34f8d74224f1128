//! Templates of what teams remember: kinds of statements, and how people ask about them.

/// A kind of statement; its instances differ in the team and a value.
pub(super) struct Kind {
    /// Contains `{team}` and `{value}`.
    pub(super) statement: &'static str,
    /// A later update of the same fact. If there is one, a statement with another value comes
    /// first, and only the update answers.
    pub(super) news: Option<&'static str>,
    /// A question in the statement's words.
    pub(super) question: &'static str,
    /// A question in other words.
    pub(super) paraphrase: &'static str,
    pub(super) values: &'static [&'static str],
}

pub(super) const TEAMS: [&str; 16] = [
    "billing",
    "checkout",
    "search",
    "mobile",
    "payments",
    "identity",
    "analytics",
    "logistics",
    "onboarding",
    "support",
    "platform",
    "notifications",
    "catalogue",
    "pricing",
    "fraud",
    "data science",
];

const PEOPLE: &[&str] = &[
    "Ada Okafor",
    "Ben Ito",
    "Carla Moreno",
    "Dmitri Petrov",
    "Elif Demir",
    "Farid Haddad",
    "Greta Lund",
    "Hugo Silva",
    "Ines Costa",
    "Jonas Weber",
    "Kaito Mori",
    "Lena Fischer",
    "Marta Nowak",
    "Nils Berg",
    "Olga Ivanova",
    "Pavel Horak",
];

pub(super) const KINDS: [Kind; 9] = [
    Kind {
        statement: "{value} is on call for the {team} team",
        news: Some("From this week on {value} is on call for the {team} team"),
        question: "Who is on call for the {team} team?",
        paraphrase: "whom do I page when {team} breaks in the middle of the night",
        values: PEOPLE,
    },
    Kind {
        statement: "{value} leads the {team} team",
        news: Some("{value} has taken over as lead of the {team} team"),
        question: "Who leads the {team} team?",
        paraphrase: "who is the manager of the people working on {team}",
        values: PEOPLE,
    },
    Kind {
        statement: "The {team} service keeps its data in {value}",
        news: Some("The {team} service was migrated and now keeps its data in {value}"),
        question: "Where does the {team} service keep its data?",
        paraphrase: "which database is behind {team}",
        values: &[
            "PostgreSQL 16",
            "DynamoDB",
            "MySQL 8",
            "Cassandra",
            "MongoDB",
            "Redis",
            "ClickHouse",
            "PostgreSQL 18",
        ],
    },
    Kind {
        statement: "Releases of {team} go out every {value}",
        news: None,
        question: "When do releases of {team} go out?",
        paraphrase: "on which weekday does {team} ship to production",
        values: &["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"],
    },
    Kind {
        statement: "The {team} cluster runs in {value}",
        news: None,
        question: "Where does the {team} cluster run?",
        paraphrase: "which region hosts {team}",
        values: &["Frankfurt", "Dublin", "Ohio", "Singapore", "Stockholm", "Montreal", "Sydney"],
    },
    Kind {
        statement: "The {team} team may spend {value} euros on travel this year",
        news: None,
        question: "How much may the {team} team spend on travel?",
        paraphrase: "budget for business trips of {team}",
        values: &["4,000", "6,500", "9,000", "12,000", "15,500", "20,000"],
    },
    Kind {
        statement: "The {team} standup is at {value}",
        news: None,
        question: "What time is the {team} standup?",
        paraphrase: "when do the {team} people meet in the morning",
        values: &["9:00", "9:15", "9:30", "9:45", "10:00", "10:30"],
    },
    Kind {
        statement: "For {team} we chose {value} after comparing three vendors",
        news: None,
        question: "Which vendor did we choose for {team}?",
        paraphrase: "what product did {team} buy in the end",
        values: &["Acme Cloud", "Northstar", "Bluefin", "Larkspur", "Quantum Leap", "Silverline"],
    },
    Kind {
        statement: "Changes to {team} need the approval of {value}",
        news: None,
        question: "Whose approval do changes to {team} need?",
        paraphrase: "who has to sign off before {team} code is merged",
        values: &[
            "two reviewers",
            "the security group",
            "the architecture board",
            "one senior engineer",
            "legal",
        ],
    },
];

/// Incidents: what happened, how many days ago, and a question about it on the day of evaluation.
pub(super) const INCIDENTS: [(&str, i64, &str); 3] = [
    (
        "The {team} service was down for 40 minutes because a certificate had expired",
        6,
        "What broke in {team} last week?",
    ),
    (
        "The {team} service was down for two hours because a disk was full",
        75,
        "Why was {team} down in March 2026?",
    ),
    ("The {team} service was slow all day because of a bad index", 1, "what happened to {team} yesterday"),
];

/// Tickets, asked about by their keys alone and in a sentence.
pub(super) const TICKETS: [&str; 4] = [
    "rounding errors in exported totals",
    "login loop on old tablets",
    "timeouts under load",
    "missing translations",
];

/// Statements of every team that answer none of the questions.
pub(super) const CHATTER: [&str; 12] = [
    "The {team} retrospective was mostly about meetings",
    "Somebody from {team} brought cake again",
    "The {team} wiki needs a new front page",
    "We reviewed the {team} roadmap and left it as it is",
    "The {team} team is looking for a second designer",
    "New joiners of {team} get a buddy for a month",
    "The {team} dashboard has a dark theme now",
    "People in {team} like the new office chairs",
    "The {team} survey had more answers than last time",
    "Interviews for {team} take three rounds",
    "The {team} newsletter is written by whoever has time",
    "Documentation of {team} is kept next to the code",
];

/// Preferences: what a person says about themselves, and how they ask about it.
pub(super) const TASTES: [(&str, &str, &[&str]); 4] = [
    ("I prefer {value} for writing code", "which editor do I like", &["Helix", "Emacs", "Zed", "Kakoune"]),
    ("My desk is on floor {value}", "on what floor do I sit", &["two", "three", "five", "eight"]),
    (
        "I am learning {value} in the evenings",
        "which language am I studying",
        &["Portuguese", "Korean", "Finnish", "Arabic"],
    ),
    ("I cannot eat {value}", "what food am I allergic to", &["peanuts", "shellfish", "gluten", "eggs"]),
];
