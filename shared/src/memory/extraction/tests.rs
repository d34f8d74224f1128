//! Examples of what is kept from conversations, and properties that hold for any conversation.

use proptest::prelude::*;

use super::*;

fn user(content: &str) -> Message<'_> {
    Message { role: "user", content, name: None }
}

fn assistant(content: &str) -> Message<'_> {
    Message { role: "assistant", content, name: None }
}

fn facts(content: &str) -> Vec<String> {
    extract(&[user(content)]).remove(0).facts.into_iter().map(|fact| fact.text).collect()
}

fn reason(message: Message<'_>) -> SkipReason {
    let extracted = extract(&[message]).remove(0);
    assert_eq!(extracted.facts, [], "{}", message.content);
    extracted.skipped[0].reason
}

#[test]
fn statements_about_the_user_are_kept() {
    for statement in [
        "I live in Rome.",
        "My daughter's birthday is on 3 May 2019",
        "We decided to use PostgreSQL 18 for the new service",
        "Ada prefers tabs over spaces",
        "The staging cluster runs in eu-central-1.",
        "Deploy key: 4711-aB3x",
        "Always answer in British English",
        "Never deploy on Fridays, please",
        "Call me Ada",
        "You should never touch the main branch",
        "The chandelier adds some light to the shop",
        "What I like most is green tea",
        "Ich wohne seit 2019 in München",
        "J'habite à Lyon avec ma sœur",
        "Я живу в Москве",
        "私は東京に住んでいます。",
        "Run times are bad on the old runners",
        "No meetings are held on Fridays",
        "Let's go with Postgres for the queue, it's good enough.",
        "prefers tea",
        "allergic to nuts",
    ] {
        assert_eq!(facts(statement), [statement], "{statement}");
    }
}

#[test]
fn what_is_said_around_a_statement_is_left_out() {
    for (said, fact) in [
        ("Hi Bob, I moved to Rome", "I moved to Rome"),
        ("Well, yes, I smoke", "I smoke"),
        ("By the way, my name is Ada", "My name is Ada"),
        ("Remember that the wifi password is swordfish-7", "the wifi password is swordfish-7"),
        ("Please note: standup moved to 9:15", "standup moved to 9:15"),
        ("Can you remember that I don't eat meat?", "I don't eat meat"),
        ("Don’t forget that the VAT id is DE123", "the VAT id is DE123"),
        ("Remember to buy oat milk", "Remember to buy oat milk"),
        ("Remember my birthday is on 3 May", "My birthday is on 3 May"),
        ("Note taking is hard for me", "Note taking is hard for me"),
    ] {
        assert_eq!(facts(said), [fact], "{said}");
    }
}

#[test]
fn a_message_is_taken_apart() {
    assert_eq!(
        facts(
            "Hello! I'm Ada and I work at Acme. It makes rockets. Can you help me?\n\nMy preferences:\n- tabs\n- dark mode"
        ),
        ["I'm Ada", "I work at Acme. It makes rockets.", "My preferences: tabs", "My preferences: dark mode"]
    );
    assert_eq!(
        facts("We deploy with:\n```\nmake deploy ENV=prod\n```"),
        ["We deploy with:\n```\nmake deploy ENV=prod\n```"]
    );
}

#[test]
fn everything_else_is_skipped_with_its_reason() {
    use SkipReason::*;
    let long = format!("I {}", "a".repeat(MAX_FACT_CHARS));
    for (text, expected) in [
        ("", Empty),
        (" \n\t", Empty),
        ("Hi!", Greeting),
        ("Good morning Bob", Greeting),
        ("thanks a lot", Greeting),
        ("Vielen Dank? Danke", Question),
        ("谢谢", Greeting),
        ("ok", Filler),
        ("Yes.", Filler),
        ("That's great!", Filler),
        ("I don't know", Filler),
        ("lgtm", Filler),
        ("What is the capital of France?", Question),
        ("how do I reset my password", Question),
        ("can you read this", Question),
        ("¿Dónde vives", Question),
        ("你喜欢茶吗", Question),
        ("Write a poem about my cat", Request),
        ("Please fix the build", Request),
        ("I need you to check the logs", Request),
        ("fix it", Request),
        ("Let's see", Request),
        ("Let's go with that", Request),
        ("Let's use it", Request),
        ("blue", Fragment),
        ("🎉🎉", Fragment),
        ("???", Fragment),
        ("a cup of tea", Fragment),
        ("Thanks, Caroline", Greeting),
        ("You're doing great work", Addressed),
        ("Error: connection refused by host", Fragment),
        ("It runs on port 8080", NoContext),
        ("> I live in Rome", Quoted),
        ("```\nlet x = 1;\n```", Code),
        ("{\"a\": \"I live in Rome\"}", Code),
        (&long, TooLong),
    ] {
        assert_eq!(reason(user(text)), expected, "{text}");
    }
    assert_eq!(reason(Message { role: "system", content: "You are helpful", name: None }), Role);
    assert_eq!(reason(Message { role: "tool", content: "I live in Rome", name: None }), Role);
}

#[test]
fn of_the_assistant_only_what_it_says_of_the_user_is_kept() {
    let kept = extract(&[assistant(
        "Got it! You prefer dark mode. You can change it in the settings. We agreed to ship on Monday.",
    )]);
    let texts: Vec<_> = kept[0].facts.iter().map(|fact| (fact.text.as_str(), fact.basis)).collect();
    assert_eq!(
        texts,
        [("You prefer dark mode.", Basis::Reported), ("We agreed to ship on Monday.", Basis::Reported)]
    );
    for text in
        ["Paris is the capital of France.", "You're welcome to ask anything else!", "I am a language model"]
    {
        assert_eq!(reason(assistant(text)), SkipReason::NotAboutUser, "{text}");
    }
}

#[test]
fn a_short_answer_is_kept_with_its_question() {
    let answered = |question, answer| extract(&[assistant(question), user(answer)]).remove(1).facts;
    let texts = |facts: Vec<Fact>| facts.into_iter().map(|fact| fact.text).collect::<Vec<_>>();
    assert_eq!(
        texts(answered("Hi! What is your favourite colour?", "Dark blue")),
        ["What is your favourite colour? Dark blue"]
    );
    assert_eq!(texts(answered("What is your name?", "I'm Ada")), ["I'm Ada"]);
    assert_eq!(answered("Shall I run the tests?", "the fast ones"), []);
    assert_eq!(answered("What is your name?", "no"), []);
}

#[test]
fn a_fact_is_said_once() {
    let extracted = extract(&[user("I like tea."), assistant("Noted."), user("i like TEA")]);
    assert_eq!(extracted[0].facts.len(), 1);
    assert_eq!(extracted[2].skipped[0].reason, SkipReason::Repeated);
}

#[test]
fn where_several_people_speak_each_is_named() {
    let say = |name, content| Message { role: "user", content, name: Some(name) };
    let extracted = extract(&[say("Ada", "I like tea"), say("Bob", "I like tea")]);
    assert_eq!(extracted[0].facts[0].text, "Ada: I like tea");
    assert_eq!(extracted[1].facts[0].text, "Bob: I like tea");
    assert_eq!(extract(&[say("Ada", "I like tea")])[0].facts[0].text, "I like tea");
}

#[test]
fn facts_are_capped() {
    let text: String = (0..MAX_FACTS + 3).map(|n| format!("I own book {n}.\n")).collect();
    let extracted = extract(&[user(&text)]).remove(0);
    assert_eq!(extracted.facts.len(), MAX_FACTS);
    assert_eq!(
        extracted.skipped.iter().map(|skipped| skipped.reason).collect::<Vec<_>>(),
        [SkipReason::LimitReached; 3]
    );
}

#[test]
fn time_grows_with_length_only() {
    // The worst case of each rule, repeated; quadratic work would take minutes.
    for unit in [
        "a", "and ", "I am; ", ". ", "`", "```\n", "- x:\n", "x:\n- ", "> \n", "\"(", "1. ", "I?!", "私。",
        "\u{301}",
    ] {
        let text = unit.repeat(40_000 / unit.len());
        assert_eq!(extract(&[user(&text), assistant(&text)]).len(), 2);
    }
}

fn conversation() -> impl Strategy<Value = Vec<(String, String, Option<String>)>> {
    let role =
        prop_oneof![4 => Just("user"), 3 => Just("assistant"), 1 => Just("tool")].prop_map(str::to_owned);
    let words = prop_oneof![
        Just("I"),
        Just("my"),
        Just("and"),
        Just("live"),
        Just("is"),
        Just("it"),
        Just("you"),
        Just("hi"),
        Just("`"),
        Just(". "),
        Just("? "),
        Just(":\n"),
        Just("\n- "),
        Just("\n```\n"),
        Just("。"),
        Just("’"),
        Just(";"),
        Just("\n> "),
    ]
    .prop_map(str::to_owned);
    let content = prop_oneof![
        proptest::collection::vec(prop_oneof![4 => words, 1 => "\\PC{0,3}"], 0..20)
            .prop_map(|words| words.join(" ")),
        "[\\PC\\s]{0,80}",
    ];
    proptest::collection::vec((role, content, proptest::option::of("[a ]{0,3}")), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn every_message_has_an_outcome_and_no_fact_is_empty(conversation in conversation()) {
        let messages: Vec<Message<'_>> = conversation
            .iter()
            .map(|(role, content, name)| Message { role, content, name: name.as_deref() })
            .collect();
        let extracted = extract(&messages);
        prop_assert_eq!(extracted.len(), messages.len());
        prop_assert_eq!(&extract(&messages), &extracted);
        for outcome in extracted {
            prop_assert!(!outcome.facts.is_empty() || !outcome.skipped.is_empty());
            for fact in outcome.facts {
                prop_assert!(!fact.text.trim().is_empty());
                prop_assert_eq!(fact.text.trim(), &fact.text);
            }
        }
    }
}

#[test]
fn items_of_a_list_may_leave_their_subject_out() {
    let kept = facts("- prefers tea\n- allergic to nuts\n- lives in Rome\n- nuts\n- allergic to");
    assert_eq!(kept, ["prefers tea", "allergic to nuts", "lives in Rome"]);
}
