//! Sentence classification: a statement worth keeping, a continuation of the previous sentence, or something to skip.

use super::SkipReason;
use super::phrase::{Word, after, after_any, is_ideograph, is_verb, words};
use super::words::*;

/// The verdict on a sentence.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict<'a> {
    /// This part of the sentence is a statement.
    Fact(&'a str),
    /// It begins with a word that refers back: keep it with the previous sentence.
    Continues(&'a str),
    Skip(SkipReason),
}

/// A sentence and its words, split once for all rules.
struct Sentence<'a> {
    text: &'a str,
    words: Vec<Word>,
}

impl<'a> Sentence<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, words: words(text) }
    }

    fn word(&self, at: usize) -> &str {
        self.words.get(at).map(|word| word.lower.as_str()).unwrap_or_default()
    }

    fn any(&self, matches: impl Fn(&str) -> bool) -> bool {
        self.words.iter().any(|word| matches(&word.lower))
    }

    /// Returns whether the sentence is one of these phrases plus at most `more` words.
    fn is_little_more_than(&self, phrases: &[&str], more: usize) -> bool {
        let most = |phrase: &str| phrase.split(' ').count() + more;
        phrases.iter().any(|phrase| self.words.len() <= most(phrase) && after(self.text, phrase).is_some())
    }
}

/// Classifies a sentence said by the user.
pub(super) fn said_by_user(sentence: &str) -> Verdict<'_> {
    let whole = sentence.trim();
    let text = without_opener(whole);
    if let Some(verdict) = directive(text) {
        return verdict;
    }
    let sentence = Sentence::new(text);
    if let Some(reason) = empty_talk(&sentence).or_else(|| question(&sentence)).or_else(|| request(&sentence))
    {
        return Verdict::Skip(reason);
    }
    if !states_something(&sentence) {
        let greets = after_any(whole, GREETINGS).is_some();
        return Verdict::Skip(if greets { SkipReason::Greeting } else { SkipReason::Fragment });
    }
    let addressed =
        LISTENER.contains(&sentence.word(0)) && !sentence.any(|word| FIRST_PERSON.contains(&word));
    if addressed && !holds_beyond_now(text) {
        return Verdict::Skip(SkipReason::Addressed);
    }
    let names_its_noun = DETERMINERS.contains(&sentence.word(0)) && !is_verb(sentence.word(1));
    let points_back = ANAPHORA.contains(&sentence.word(0)) && !names_its_noun;
    if points_back { Verdict::Continues(text) } else { Verdict::Fact(text) }
}

/// Classifies a sentence said by the assistant: only what it claims to know about the user, and decisions, are facts.
pub(super) fn said_by_assistant(sentence: &str) -> Verdict<'_> {
    let text = without_opener(sentence.trim());
    let sentence = Sentence::new(text);
    if let Some(reason) = empty_talk(&sentence).or_else(|| question(&sentence)) {
        return Verdict::Skip(reason);
    }
    let about_user = after_any(text, ABOUT_USER).is_some_and(|rest| !rest.trim().is_empty());
    if about_user && after_any(text, ABOUT_NOBODY).is_none() {
        Verdict::Fact(text)
    } else {
        Verdict::Skip(SkipReason::NotAboutUser)
    }
}

/// Returns whether a short answer gets its meaning from the question: neither `yes` nor a sentence of its own.
pub(super) fn is_answer(text: &str) -> bool {
    let sentence = Sentence::new(text.trim());
    (1..=8).contains(&sentence.words.len())
        && empty_talk(&sentence).is_none()
        && question(&sentence).is_none()
        && request(&sentence).is_none()
        && after_any(sentence.text, ANSWERS).is_none()
}

/// Returns whether a sentence asks the user an open question about themselves (`what`, not `shall I`).
pub(super) fn asks_about_user(sentence: &str) -> bool {
    let sentence = Sentence::new(sentence.trim());
    sentence.text.ends_with(['?', '？'])
        && sentence.words.len() <= 30
        && QUESTION_WORDS.contains(&sentence.word(0))
        && sentence.any(|word| matches!(word, "you" | "your" | "you're"))
        && !sentence.any(|word| word == "i")
}

/// Handles `Remember that …`: what follows is kept, whatever it is, unless it is empty.
fn directive(text: &str) -> Option<Verdict<'_>> {
    let whole = text.trim_end_matches(['?', '？']).trim_end();
    let content = |rest: &'_ str| -> usize {
        let kept = rest.trim_start_matches(|c: char| {
            c.is_whitespace() || matches!(c, ',' | ':' | '-' | '–' | '—' | '.' | '!' | '…')
        });
        rest.len() - kept.len()
    };
    let (rest, says_all) = if let Some(rest) = after_any(whole, DIRECTIVES) {
        (rest, true)
    } else if let Some(rest) = after_any(whole, REMINDERS) {
        // In `Remember to buy milk` and `note taking is hard` the word is part of the sentence; keep only a statement
        // that stands without it.
        let marked = rest.starts_with([',', ':']);
        let is_statement = marked || after(whole, "note").is_none() && states_something(&Sentence::new(rest));
        (rest, is_statement && after(rest.trim_start(), "to").is_none())
    } else {
        return None;
    };
    let rest = &rest[content(rest)..];
    let count = words(rest).len();
    Some(match (count, says_all) {
        (0, _) => Verdict::Skip(SkipReason::Request),
        (1, _) if !rest.contains(is_ideograph) => Verdict::Skip(SkipReason::Fragment),
        (_, true) => Verdict::Fact(rest),
        (_, false) => Verdict::Fact(whole),
    })
}

/// Strips openers such as `well,`, `yes,` and `hi Bob,`.
fn without_opener(text: &str) -> &str {
    let separates = |c: char| matches!(c, ',' | '!' | '.' | ':' | ';' | '-' | '–' | '—');
    let mut text = text;
    for _ in 0..4 {
        let rest = after_any(text, OPENERS)
            .or_else(|| after_any(text, ANSWERS).filter(|rest| rest.starts_with(separates)))
            .or_else(|| after_greeting(text))
            .map(|rest| rest.trim_start_matches(|c: char| c.is_whitespace() || separates(c)));
        match rest {
            Some(rest) if !rest.is_empty() => text = rest,
            _ => break,
        }
    }
    text
}

/// Strips `Hi Bob, …`: a greeting and a name of at most two words, up to a comma or exclamation mark.
fn after_greeting(text: &str) -> Option<&str> {
    let rest = after_any(text, GREETINGS)?;
    let (name, rest) = rest.split_once([',', '!'])?;
    (name.split_whitespace().count() <= 2).then_some(rest)
}

fn empty_talk(sentence: &Sentence<'_>) -> Option<SkipReason> {
    let Some(last) = sentence.words.last() else { return Some(SkipReason::Fragment) };
    if sentence.is_little_more_than(GREETINGS, 3) {
        return Some(SkipReason::Greeting);
    }
    let said = [FILLER, ANSWERS, OPENERS].into_iter().any(|phrases| sentence.is_little_more_than(phrases, 1));
    let judged = sentence.words.len() <= 4
        && ANAPHORA.contains(&sentence.word(0))
        && EVALUATIONS.contains(&last.lower.as_str());
    (said || judged).then_some(SkipReason::Filler)
}

fn question(sentence: &Sentence<'_>) -> Option<SkipReason> {
    let text = sentence.text;
    let end = text.trim_end_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '?' | '？' | '؟'));
    // `What I need is …` and `how we deploy is …` are statements; `when` and `where` begin clauses.
    let asks = match sentence.word(0) {
        "when" | "where" => is_verb(sentence.word(1)),
        first => QUESTION_WORDS.contains(&first) && !SPEAKERS.contains(&sentence.word(1)),
    };
    let spoken = end.chars().rev().find(|c| c.is_alphanumeric());
    let is_question = end.ends_with(['?', '？', '؟'])
        || text.starts_with('¿')
        || asks
        || spoken.is_some_and(|last| matches!(last, '吗' | '嗎' | '呢' | 'か'))
        || after_any(text, QUESTIONS).is_some();
    is_question.then_some(SkipReason::Question)
}

fn request(sentence: &Sentence<'_>) -> Option<SkipReason> {
    if holds_beyond_now(sentence.text) || decides(sentence.text) {
        return None;
    }
    let commands = COMMANDS.contains(&sentence.word(0))
        && (sentence.words.len() < 3
            || OBJECTS.contains(&sentence.word(1))
            || !(1..5).any(|at| is_verb(sentence.word(at))));
    (commands || after_any(sentence.text, REQUESTS).is_some()).then_some(SkipReason::Request)
}

/// Returns whether it is a decision, `let's go with Postgres`, about something that it names.
fn decides(text: &str) -> bool {
    let named = |rest: &str| {
        let words = words(rest);
        words.first().is_some_and(|word| !ANAPHORA.contains(&word.lower.as_str()))
    };
    after_any(text, DECISIONS).is_some_and(named)
}

/// Returns whether it contains a statement: a speaker's words about themselves, a verb, or `name: value`.
fn states_something(sentence: &Sentence<'_>) -> bool {
    let text = sentence.text;
    if text.chars().filter(|c| is_ideograph(*c)).nth(3).is_some() {
        return true;
    }
    if sentence.words.len() < 2 {
        return false;
    }
    if let Some((label, value)) = text.split_once(": ") {
        let label = label.trim().to_lowercase();
        if LABELS.contains(&label.as_str()) {
            return false;
        }
        if !label.is_empty() && label.len() <= 60 && value.contains(char::is_alphanumeric) {
            return true;
        }
    }
    let count = sentence.words.len();
    let foreign = count >= 4 && !sentence.any(|word| ENGLISH.contains(&word));
    // Not all verbs are known, but a sentence of this length that begins like this has one.
    // An item of a list of facts may leave its subject out: `prefers tea`.
    let says_of_somebody = after_any(text, PREDICATES).is_some_and(|rest| !rest.trim().is_empty());
    let about_something = count >= 5 && SUBJECT_OPENERS.contains(&sentence.word(0));
    holds_beyond_now(text)
        || about_something
        || says_of_somebody
        || sentence.any(|word| FIRST_PERSON.contains(&word))
        || count >= 3 && sentence.any(is_verb)
        || foreign && (!text.is_ascii() || count >= 6)
}

/// Returns whether the text contains a phrase that turns a command into a preference.
fn holds_beyond_now(text: &str) -> bool {
    let mut boundary = true;
    text.char_indices().any(|(at, c)| {
        let starts = boundary && c.is_alphabetic();
        boundary = !c.is_alphanumeric();
        starts && after_any(&text[at..], STANDING).is_some()
    })
}
