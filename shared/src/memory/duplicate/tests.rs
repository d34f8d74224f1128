use proptest::prelude::*;

use super::statement::normalized;
use super::*;

fn decide(new: &str, existing: &str) -> Decision {
    let decision = compare(new, existing, 0.99);
    assert_eq!(std::mem::discriminant(&decision), std::mem::discriminant(&compare(existing, new, 0.99)));
    assert!(
        !matches!(decision, Decision::Duplicate(_)) || Wording::of(new) == Wording::of(existing),
        "{new}"
    );
    decision
}

#[test]
fn case_spacing_and_punctuation_do_not_make_another_text() {
    for (a, b) in [
        ("I like tea.", "  i LIKE\n tea!"),
        ("Bob said “hi” — twice", "bob said \"hi\" - twice"),
        ("Ｆｕｌｌ　ｗｉｄｔｈ ４２", "full width 42"),
        ("Caf\u{e9}", "cafe\u{301}"),
        ("私はお茶が好きです。", "私はお茶が好きです"),
    ] {
        assert_eq!(Fingerprint::of(a), Fingerprint::of(b), "{a}");
        assert_eq!(compare(a, b, -1.0), Decision::Duplicate(Sameness::Text), "{a}");
        assert_eq!(Wording::of(a), Wording::of(b), "{a}");
    }
}

#[test]
fn identifiers_make_another_text() {
    for (a, b) in
        [("key aB3x", "key ab3x"), ("use C++", "use C"), ("-5 °C", "5 °C"), ("v1.2", "v12"), ("ok?", "ok")]
    {
        assert_ne!(Fingerprint::of(a), Fingerprint::of(b), "{a}");
    }
    assert_ne!(Fingerprint::of("..."), Fingerprint::of("!!!"));
}

#[test]
fn plain_rewording_is_a_duplicate() {
    for (a, b) in [
        ("I really like green tea", "I like green tea"),
        ("User prefers dark mode in the editor", "I prefer dark mode in editor"),
        ("Likes tea", "User likes tea"),
        ("I'm allergic to peanuts", "I am allergic to peanuts."),
        ("We don't deploy on Fridays", "we do not deploy on Friday"),
        ("My favourite colour is blue", "My favorite color is blue"),
        ("The companies organise it", "The company organizes it"),
    ] {
        assert_eq!(decide(a, b), Decision::Duplicate(Sameness::Wording), "{a}");
    }
    assert_eq!(
        decide("In the morning I drink tea", "I drink tea in the morning"),
        Decision::Duplicate(Sameness::Order)
    );
}

#[test]
fn what_differs_is_kept() {
    use Difference::{Identifier, Negation, Number, Order, Words};
    for (a, b, difference) in [
        ("the deploy key is 4711", "the deploy key is 4712", Number),
        ("we meet at 10:30", "we meet at 10:45", Number),
        ("I own a car", "I own 2 cars", Number),
        ("deploy from db-01.eu", "deploy from db-02.eu", Identifier),
        ("mail ada@acme.dev", "mail bob@acme.dev", Identifier),
        ("call parseJson first", "call parseYaml first", Identifier),
        ("she likes tea", "she doesn't like tea", Negation),
        ("I eat meat", "I never eat meat", Negation),
        ("coffee with sugar", "coffee without sugar", Negation),
        ("Ich trinke Tee", "Ich trinke keinen Tee", Negation),
        ("I prefer tea in the morning", "I prefer coffee in the morning", Words),
        ("I live in Rome", "I lived in Rome", Words),
        ("I bought a car", "I almost bought a car", Words),
        ("Do", "So!", Words),
        ("User databases are slow", "Databases are slow", Words),
        ("Ada is managed by Bob", "Ada manages Bob", Words),
        ("I moved from Rome to Paris", "I moved to Rome from Paris", Order),
        ("Ada manages Bob", "Bob manages Ada", Order),
    ] {
        assert_eq!(decide(a, b), Decision::Distinct(difference), "{a} / {b}");
    }
}

#[test]
fn a_wording_is_another_in_another_place() {
    let labels = |user: Option<&str>, agent: Option<&str>| Labels {
        user: user.map(str::to_owned),
        agent: agent.map(str::to_owned),
        ..Labels::default()
    };
    let wording = Wording::of("I like tea");
    let places = [
        (ScopeId(1), labels(None, None)),
        (ScopeId(2), labels(None, None)),
        (ScopeId(1), labels(Some("ab"), None)),
        (ScopeId(1), labels(Some("a"), Some("b"))),
        (ScopeId(1), labels(None, Some("ab"))),
    ];
    let within: std::collections::HashSet<Wording> =
        places.iter().map(|(home, labels)| wording.within(*home, labels)).collect();
    assert_eq!(within.len(), places.len());
    assert_eq!(
        wording.within(ScopeId(1), &places[0].1),
        Wording::of("I like the tea").within(ScopeId(1), &places[0].1)
    );
}

#[test]
fn likeness_objects_but_never_decides() {
    assert_eq!(compare("I like the tea", "I like tea", 0.5), Decision::Distinct(Difference::Meaning));
    assert_eq!(compare("I like the tea", "I like tea", f32::NAN), Decision::Distinct(Difference::Meaning));
    assert_eq!(compare("tea is good", "coffee is good", 1.0), Decision::Distinct(Difference::Words));
}

/// Words that are ignored, inflected, contracted, negated, or none of these.
const WORDS: [&str; 14] =
    ["the", "I", "likes", "like", "tea", "don't", "not", "User", "is", "colour", "color", "aB3", "42", "!"];

proptest! {
    #[test]
    fn normalising_again_changes_nothing(text in "\\PC*") {
        prop_assert_eq!(normalized(&normalized(&text)), normalized(&text));
    }

    #[test]
    fn every_text_is_its_own_duplicate_and_the_order_does_not_matter(a in "[\\PC\\s]*", b in "[ab1 '.\\-]*", cosine in -1.0..1.0f32) {
        prop_assert_eq!(compare(&a, &a, cosine), Decision::Duplicate(Sameness::Text));
        prop_assert_eq!(compare(&a, &b, cosine), compare(&b, &a, cosine));
    }

    #[test]
    fn duplicates_have_the_same_wording(
        words in proptest::collection::vec(proptest::sample::select(&WORDS[..]), 0..7),
        others in proptest::collection::vec(proptest::sample::select(&WORDS[..]), 0..7),
        turn in 0..7usize,
    ) {
        let mut turned = words.clone();
        turned.rotate_left(turn % words.len().max(1));
        for other in [turned, others] {
            let (a, b) = (words.join(" "), other.join(", "));
            if matches!(compare(&a, &b, 1.0), Decision::Duplicate(_)) {
                prop_assert_eq!(Wording::of(&a), Wording::of(&b), "{} / {}", a, b);
            }
        }
    }

    #[test]
    fn another_number_is_never_a_duplicate(a in 0..10_000u32, b in 0..10_000u32, text in "[a-z ]{0,20}") {
        prop_assume!(a != b);
        let decision = compare(&format!("{text} {a}"), &format!("{text} {b}"), 1.0);
        prop_assert_eq!(decision, Decision::Distinct(Difference::Number));
    }
}
