//! Which passwords are good enough: long, and hard to guess by somebody who knows whose it is. No rules about digits
//! and punctuation, which make passwords worse (NIST SP 800-63B section 3.1.1.2).

use zxcvbn::{Score, feedback::Feedback, zxcvbn};

/// Fewest characters.
pub(super) const SHORTEST: usize = 12;
/// Most characters.
pub(super) const LONGEST: usize = 128;

/// Words of ours that whoever guesses a password of ours tries.
const OUR_WORDS: [&str; 3] = ["mem0", "memory", "enterprise"];

/// Refuses a password with the reason, and what would make it better. `known` are names of the account.
pub(super) fn check(password: &str, known: &[String]) -> Result<(), String> {
    let length = password.chars().count();
    if length < SHORTEST {
        return Err(format!("the password has {length} characters, at least {SHORTEST} are needed"));
    }
    if length > LONGEST {
        return Err(format!("the password has {length} characters, at most {LONGEST} are allowed"));
    }
    let words: Vec<&str> = known
        .iter()
        .flat_map(|name| std::iter::once(name.as_str()).chain(name.split(|c: char| !c.is_alphanumeric())))
        // Single letters would only make guessing look easier than it is.
        .filter(|word| word.chars().count() >= 3)
        .chain(OUR_WORDS)
        .collect();
    let estimate = zxcvbn(password, &words);
    if estimate.score() >= Score::Three {
        return Ok(());
    }
    Err(format!("the password is too easy to guess{}", estimate.feedback().map(advice).unwrap_or_default()))
}

/// What is wrong and what would help, as one sentence.
fn advice(feedback: &Feedback) -> String {
    let warning = feedback.warning().map(|warning| warning.to_string());
    let suggestions = feedback.suggestions().iter().map(ToString::to_string);
    let parts: Vec<String> = warning.into_iter().chain(suggestions).map(|part| clause(&part)).collect();
    if parts.is_empty() { String::new() } else { format!(": {}", parts.join("; ")) }
}

/// A sentence as part of another: without its full stop and capital.
fn clause(sentence: &str) -> String {
    let sentence = sentence.trim_end_matches('.');
    let mut characters = sentence.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(password: &str) -> String {
        let known = ["ada.lovelace@northwind.example", "Ada Lovelace", "Northwind Energy"].map(str::to_owned);
        check(password, &known).err().unwrap_or_default()
    }

    #[test]
    fn good_passwords_pass() {
        for password in
            ["violet anchor 47 drum", "k9#vTq2!mZp4", "почему слон любит зиму", &"x7Q-".repeat(32)]
        {
            assert_eq!(refusal(password), "", "{password}");
        }
    }

    #[test]
    fn refusals_say_why_and_what_would_help() {
        insta::assert_snapshot!(refusal("short"), @"");
        insta::assert_snapshot!(refusal("password1234"), @"");
        insta::assert_snapshot!(refusal("aaaaaaaaaaaaaaaa"), @"");
        insta::assert_snapshot!(refusal("qwertyuiop123"), @"");
        insta::assert_snapshot!(refusal(&"é".repeat(129)), @"");
    }

    #[test]
    fn whoever_knows_the_account_cannot_guess_it() {
        for password in
            ["AdaLovelace1815", "northwind2026", "Northwind-mem0", "ada.lovelace@northwind.example"]
        {
            assert!(refusal(password).starts_with("the password is too easy to guess"), "{password}");
        }
    }
}
