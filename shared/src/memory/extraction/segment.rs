//! Sentence segmentation. Recognises code, quotations and list items; never ends a sentence inside a URL, a number, a
//! file name or a date.

use super::words::{ABBREVIATIONS, MONTHS, NUMBERED, TITLES};

/// Maximum length of a lead in bytes: it is repeated for every item.
const MAX_LEAD: usize = 200;

/// A segment of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    Sentence(String),
    /// Fenced code not introduced by a sentence.
    Code,
    /// Lines that begin with `>`: someone else's words.
    Quote(String),
}

/// Splits a message into segments. A line that ends in a colon is repeated before each list item and code block that
/// follows: `I like:` + `- tea` becomes `I like: tea`.
pub(super) fn segments(text: &str) -> Vec<Segment> {
    let mut splitter = Splitter::default();
    let mut fence: Option<(&str, String)> = None;
    for raw in text.lines() {
        let line = raw.trim();
        if let Some((marker, mut code)) = fence.take() {
            code.push('\n');
            code.push_str(raw.trim_end());
            if line.starts_with(marker) {
                splitter.code(&code);
            } else {
                fence = Some((marker, code));
            }
            continue;
        }
        if let Some(marker) =
            ["```", "~~~"].into_iter().find(|marker| line.starts_with(marker) && !line[3..].contains(*marker))
        {
            splitter.flush();
            fence = Some((marker, line.to_owned()));
        } else {
            splitter.line(line);
        }
    }
    if let Some((_, code)) = fence {
        splitter.code(&code);
    }
    splitter.finish()
}

#[derive(Default)]
struct Splitter {
    done: Vec<Segment>,
    /// The lines of the paragraph or list item being read.
    current: String,
    is_item: bool,
    lead: Option<Lead>,
}

/// A sentence that ends in a colon, and whether it has introduced anything yet.
struct Lead {
    text: String,
    used: bool,
}

impl Splitter {
    fn line(&mut self, line: &str) {
        if line.is_empty() {
            self.flush();
        } else if let Some(quoted) = line.strip_prefix('>') {
            self.flush();
            self.done.push(Segment::Quote(quoted.trim().to_owned()));
        } else if let Some(item) = list_item(line) {
            self.flush();
            self.current.push_str(item);
            self.is_item = true;
        } else if !self.current.is_empty() && line.starts_with(char::is_lowercase) {
            // A wrapped line.
            self.current.push(' ');
            self.current.push_str(line);
        } else {
            self.flush();
            self.drop_lead();
            self.current.push_str(line.trim_start_matches('#').trim_start());
        }
    }

    fn flush(&mut self) {
        let text = std::mem::take(&mut self.current);
        let is_item = std::mem::take(&mut self.is_item);
        let mut sentences = sentences(&text).into_iter().peekable();
        let mut first = true;
        while let Some(sentence) = sentences.next() {
            let lead = self.lead.as_mut().filter(|_| is_item && first);
            first = false;
            if let Some(lead) = lead {
                lead.used = true;
                self.done.push(Segment::Sentence(format!("{} {sentence}", lead.text)));
            } else if !is_item
                && sentence.len() <= MAX_LEAD
                && sentence.ends_with(':')
                && sentences.peek().is_none()
            {
                self.drop_lead();
                self.lead = Some(Lead { text: sentence.to_owned(), used: false });
            } else {
                self.done.push(Segment::Sentence(sentence.to_owned()));
            }
        }
    }

    fn code(&mut self, code: &str) {
        match &mut self.lead {
            Some(lead) => {
                lead.used = true;
                self.done.push(Segment::Sentence(format!("{}\n{code}", lead.text)));
            }
            None => self.done.push(Segment::Code),
        }
    }

    fn drop_lead(&mut self) {
        if let Some(Lead { text, used: false }) = self.lead.take() {
            self.done.push(Segment::Sentence(text));
        }
    }

    fn finish(mut self) -> Vec<Segment> {
        self.flush();
        self.drop_lead();
        self.done
    }
}

/// Returns what follows `- `, `* `, `• `, `– ` or `1. `.
fn list_item(line: &str) -> Option<&str> {
    if let Some(item) = ["- ", "* ", "• ", "– "].into_iter().find_map(|marker| line.strip_prefix(marker))
    {
        return Some(item.trim_start());
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = line[digits..].strip_prefix(['.', ')'])?.strip_prefix(' ')?;
    // `2. Mai` begins a date.
    let is_date = rest.split_whitespace().next().is_some_and(is_month);
    (1..=3).contains(&digits).then_some(rest.trim_start()).filter(|_| !is_date)
}

/// Splits a paragraph into trimmed sentences, in order.
fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut ticks = text.matches('`').count();
    let mut in_code = false;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == '`' {
            // A final backtick without a partner opens nothing.
            in_code = !in_code && ticks > 1;
            ticks -= 1;
        }
        let wide = matches!(c, '。' | '！' | '？' | '．');
        if in_code || !(wide || matches!(c, '.' | '!' | '?' | '…')) {
            continue;
        }
        let mut end = at + c.len_utf8();
        let mut run = 1;
        while let Some((next, c)) =
            chars.next_if(|(_, c)| matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？'))
        {
            end = next + c.len_utf8();
            run += 1;
        }
        while let Some((next, c)) =
            chars.next_if(|(_, c)| matches!(c, '"' | '\'' | ')' | ']' | '»' | '”' | '’' | '」'))
        {
            end = next + c.len_utf8();
        }
        let rest = &text[end..];
        if wide
            || (rest.is_empty() || rest.starts_with(char::is_whitespace))
                && ends_here(&text[start..at], c, run, rest)
        {
            sentences.push(text[start..end].trim());
            start = end;
        }
    }
    sentences.push(text[start..].trim());
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

/// Returns whether punctuation followed by a space ends the sentence `before` it.
fn ends_here(before: &str, punctuation: char, run: usize, rest: &str) -> bool {
    let next = rest.trim_start();
    if next.is_empty() {
        return true;
    }
    if next.starts_with(char::is_lowercase) {
        return matches!(punctuation, '!' | '?') && run == 1;
    }
    if punctuation != '.' || run > 1 {
        return true;
    }
    let written = before.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    let word = written.to_lowercase();
    let initial = word.chars().count() == 1 && word.chars().all(char::is_alphabetic) && word != "i";
    let day = !word.is_empty()
        && word.bytes().all(|byte| byte.is_ascii_digit())
        && next.split_whitespace().next().is_some_and(is_month);
    let numbered = NUMBERED.contains(&word.as_str()) && next.starts_with(|c: char| c.is_ascii_digit());
    !(initial || day || numbered || TITLES.contains(&written) || ABBREVIATIONS.contains(&word.as_str()))
}

fn is_month(word: &str) -> bool {
    let word = word.trim_end_matches(|c: char| !c.is_alphabetic()).to_lowercase();
    MONTHS.contains(&word.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        segments(text)
            .into_iter()
            .map(|segment| match segment {
                Segment::Sentence(text) => text,
                Segment::Code => "<code>".to_owned(),
                Segment::Quote(text) => format!("> {text}"),
            })
            .collect()
    }

    #[test]
    fn sentences_end_where_they_end() {
        assert_eq!(
            split("I moved. I work at Acme! Do you? Yes"),
            ["I moved.", "I work at Acme!", "Do you?", "Yes"]
        );
        assert_eq!(split("He said \"No.\" Then he left."), ["He said \"No.\"", "Then he left."]);
        assert_eq!(split("东京很大。我住在北京！真的？"), ["东京很大。", "我住在北京！", "真的？"]);
        assert_eq!(split("Wait... I live in Rome"), ["Wait...", "I live in Rome"]);
        for [first, second] in [
            ["I said no.", "We moved to Paris in May."],
            ["I love modern art.", "My brother lives in Oslo."],
            ["Ada is a member of the gov.", "3 others are, too."],
            ["The answer was no.", "Nobody minded."],
        ] {
            assert_eq!(split(&format!("{first} {second}")), [first, second]);
        }
    }

    #[test]
    fn identifiers_dates_and_code_stay_whole() {
        for text in [
            "The API is at https://api.acme.dev/v1.2/users?id=3&x=y. please",
            "We run version 1.2.3-rc.1 on db-01.eu.acme.dev since 2026-11-22T09:30:00.123Z",
            "Call `foo.bar(). Then baz!` first",
            "Dr. Smith and Mrs. B. Jones meet at 10.30 a.m. on Monday",
            "Der Termin ist am 3. Mai in Köln",
            "St. Pancras is No. 7 on the list, see Fig. 2 and Art. 5",
            "Gen. Ames wrote vol. 3",
            "Edit main.rs, e.g. the fn main",
            "Mail ada.lovelace@acme.co.uk about it",
        ] {
            assert_eq!(split(text), [text]);
        }
    }

    #[test]
    fn a_lead_is_said_with_what_it_introduces() {
        assert_eq!(
            split("Hi. My favourites are:\n\n- tea\n* cake\n1. rain\n\nThat is all."),
            [
                "Hi.",
                "My favourites are: tea",
                "My favourites are: cake",
                "My favourites are: rain",
                "That is all."
            ]
        );
        assert_eq!(
            split("We deploy with:\n```sh\nmake deploy\n```\nDone."),
            ["We deploy with:\n```sh\nmake deploy\n```", "Done."]
        );
        assert_eq!(split("```\nx. Y\n"), ["<code>"]);
        assert_eq!(split("Nothing follows:"), ["Nothing follows:"]);
    }

    #[test]
    fn lines_are_joined_where_they_were_wrapped() {
        assert_eq!(
            split("I live in\nthe north\nMy job is hard\n> quoted. text\nMore"),
            ["I live in the north", "My job is hard", "> quoted. text", "More"]
        );
        assert_eq!(split("2. Mai ist frei\n2. Milch"), ["2. Mai ist frei", "Milch"]);
    }
}
