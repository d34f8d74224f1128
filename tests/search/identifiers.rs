//! Identifiers that people copy from elsewhere: found as a whole and by their parts.

use super::{by_words, remember, terms};
use crate::harness::{TestApp, TestDatabase};

#[tokio::test]
async fn an_identifier_finds_first_the_memory_that_has_it() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let memories = [
        "The release waits for OPS-12345, which nobody has looked at",
        "The release waits for OPS-1234, which Dana looks at",
        "Ticket 1234 of the operations board is about lunch",
        "parse_header in the gateway returns an empty list for a missing field",
        "The header parser of the gateway should parse each field",
        "PaymentService retries three times before it gives up",
        "The service for every payment is down on Sundays",
        "std::mem::take leaves the default behind",
        "The client runs v1.2.3 since Monday",
        "The client ran v1.2.4 before the rollback",
        "Write to dana.fox@example.com about invoices",
        "Write to dana at example about the fox",
        "The limits are set in services/billing/limits.toml",
        "Deploys fail with E0308 on the new builder",
    ];
    remember(&alice, &memories).await;
    for (query, expected) in [
        ("OPS-1234", memories[1]),
        ("ops-1234", memories[1]),
        ("What is OPS-12345 about?", memories[0]),
        ("parse_header", memories[3]),
        ("PaymentService", memories[5]),
        ("paymentservice", memories[5]),
        ("std::mem::take", memories[7]),
        ("v1.2.3", memories[8]),
        ("1.2.4", memories[9]),
        ("dana.fox@example.com", memories[10]),
        ("services/billing/limits.toml", memories[12]),
        ("limits.toml", memories[12]),
        ("E0308", memories[13]),
    ] {
        assert_eq!(by_words(&alice, query).await[0], expected, "{query}");
    }
}

#[tokio::test]
async fn identifiers_are_terms_beside_their_parts() {
    let database = TestDatabase::new().await;
    let client = database.superuser().await;
    for (text, expected) in [
        ("OPS-1234", &["1234", "op", "ops-1234"][..]),
        ("v1.2.3", &["1.2.3", "2", "3", "v1"]),
        ("snake_case_name", &["case", "name", "snake", "snake_case_name"]),
        ("HTTPServer", &["http", "httpserver", "server"]),
        ("a::b2", &["a::b2", "b2"]),
        ("see x@y.org.", &["org", "see", "x", "x@y.org", "y", "y.org"]),
        ("C++ and C#", &["c", "c#", "c++"]),
        // Joined by hyphens only, words are words.
        ("well-known follow-up", &["follow", "known", "well"]),
        ("at 10:30", &["10", "10:30", "30"]),
    ] {
        assert_eq!(terms(client, text).await, expected, "{text}");
    }
}
