//! The password policy: long, and hard to guess for somebody who knows whose it is. There are no rules about digits and
//! punctuation, which make passwords worse (NIST SP 800-63B section 3.1.1.2).

use zxcvbn::{Score, feedback::Feedback, zxcvbn};

/// The minimum number of characters.
pub(super) const SHORTEST: usize = 12;
/// The maximum number of characters.
pub(super) const LONGEST: usize = 128;

/// The minimum number of letters and digits besides known names.
const SHORTEST_REST: usize = 6;

/// Words related to this product, which an attacker would try.
const OUR_WORDS: [&str; 3] = ["mem0", "memory", "enterprise"];

/// Checks a password; the error gives the reason and what would make it better. `known` holds names of the account.
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
        // Shorter parts would only make guessing look easier than it is.
        .filter(|word| word.chars().count() >= 3)
        .chain(OUR_WORDS)
        .collect();
    if rest(password, &words) < SHORTEST_REST {
        return Err(
            "the password is too easy to guess: it is little more than names of the account, its enterprise \
                    or this product"
                .to_owned(),
        );
    }
    let estimate = zxcvbn(password, &words);
    if estimate.score() >= Score::Three {
        return Ok(());
    }
    Err(format!("the password is too easy to guess{}", estimate.feedback().map(advice).unwrap_or_default()))
}

/// Returns the number of letters and digits that remain of a password without these words. zxcvbn considers any three
/// words in a row hard to guess, even the user's own name.
fn rest(password: &str, words: &[&str]) -> usize {
    let mut words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let rest = words.iter().fold(password.to_lowercase(), |rest, word| rest.replace(word, " "));
    rest.chars().filter(|character| character.is_alphanumeric()).count()
}

/// Formats what is wrong and what would help, as one sentence.
fn advice(feedback: &Feedback) -> String {
    let warning = feedback.warning().map(|warning| warning.to_string());
    let suggestions = feedback.suggestions().iter().map(ToString::to_string);
    let parts: Vec<String> = warning.into_iter().chain(suggestions).collect();
    let clauses: Vec<String> = parts.iter().flat_map(|part| part.split(". ")).map(clause).collect();
    if clauses.is_empty() { String::new() } else { format!(": {}", clauses.join("; ")) }
}

/// Turns a sentence into a clause: without full stop and capital letter.
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
        let longest: String = (0..128u32).map(|i| char::from(b'!' + (i * i * 7 % 89) as u8)).collect();
        for password in ["violet anchor 47 drum", "k9#vTq2!mZp4", "почему слон любит зиму", &longest]
        {
            assert_eq!(refusal(password), "", "{password}");
        }
    }

    #[test]
    fn refusals_say_why_and_what_would_help() {
        assert_eq!(refusal("k9#vTq2!mZp"), "the password has 11 characters, at least 12 are needed");
        assert_eq!(refusal(&"é".repeat(129)), "the password has 129 characters, at most 128 are allowed");
        assert_eq!(
            refusal("aaaaaaaaaaaaaaaa"),
            "the password is too easy to guess: repeats like \"aaa\" are easy to guess; add another word or two; \
             uncommon words are better; avoid repeated words and characters"
        );
    }

    #[test]
    fn common_passwords_are_refused() {
        for password in ["password1234", "qwertyuiop12", "123456789012", "iloveyou2026", "Passw0rd!2026"] {
            assert!(refusal(password).starts_with("the password is too easy to guess: "), "{password}");
        }
    }

    #[test]
    fn whoever_knows_the_account_cannot_guess_it() {
        for password in [
            "AdaLovelaceAda",
            "Lovelace, Ada 1815",
            "Northwind-2026",
            "northwindmem0",
            "ada.lovelace@northwind.example",
        ] {
            assert!(refusal(password).starts_with("the password is too easy to guess: "), "{password}");
        }
    }
}
