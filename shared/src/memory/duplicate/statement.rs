//! Splits a text into the parts that count when two texts are compared.

use unicode_normalization::UnicodeNormalization;

/// Normalises a text to compatibility composition (NFKC), lower case, single spaces, and no punctuation around words.
/// Identifiers keep their case and symbols: `aB3`, `c++`, `-5`, `v1.2`.
pub(super) fn normalized(text: &str) -> String {
    let text: String = text.nfkc().collect();
    let words: Vec<String> = tokens(&text)
        .map(|token| if is_identifier(token) { token.to_owned() } else { token.to_lowercase() })
        .collect();
    // A text of nothing but punctuation is kept as it is.
    if words.is_empty() { text.split_whitespace().collect::<Vec<_>>().join(" ") } else { words.join(" ") }
}

fn tokens(text: &str) -> impl Iterator<Item = &str> {
    const AROUND: &[char] = &[
        '.', ',', ';', ':', '!', '"', '\'', '(', ')', '[', ']', '{', '}', '«', '»', '“', '”', '„', '‘', '’',
        '…', '`', '*', '—', '–', '。', '、', '「', '」',
    ];
    text.split_whitespace()
        .map(|token| token.trim_matches(AROUND))
        .filter(|token| !matches!(*token, "" | "-" | "•"))
}

/// Returns whether a word is an identifier, where every character matters: it has digits, symbols or inner capitals.
fn is_identifier(token: &str) -> bool {
    const SIGNS: &str = r"_/\@=+#.:$%&<>~^|";
    let inner_capital =
        token.chars().zip(token.chars().skip(1)).any(|(a, b)| a.is_lowercase() && b.is_uppercase());
    inner_capital || token.chars().any(|c| c.is_numeric() || SIGNS.contains(c))
}

fn is_number(token: &str) -> bool {
    token.chars().all(|c| c.is_numeric() || ".,-+%$€:/".contains(c))
}

/// A text split into its parts.
#[derive(Debug, Default)]
pub(super) struct Statement {
    pub numbers: Vec<String>,
    pub identifiers: Vec<String>,
    pub negations: usize,
    /// All significant words in order, including the above.
    pub words: Vec<String>,
}

impl Statement {
    pub(super) fn of(text: &str) -> Self {
        let mut statement = Self::default();
        for token in tokens(&text.nfkc().collect::<String>()) {
            if is_identifier(token) {
                let list = if is_number(token) { &mut statement.numbers } else { &mut statement.identifiers };
                list.push(token.to_owned());
                statement.words.push(token.to_owned());
            } else {
                for word in expanded(&token.to_lowercase().replace('’', "'")) {
                    statement.word(&word);
                }
            }
        }
        // `User likes tea`, `Likes tea` and `I like tea` are said of the same person.
        if let [first, second, ..] = statement.words.as_slice()
            && first == "user"
            && USER_VERBS.contains(&second.as_str())
        {
            statement.words.remove(0);
        }
        statement.numbers.sort();
        statement.identifiers.sort();
        statement
    }

    fn word(&mut self, word: &str) {
        if NEGATIONS.contains(&word) {
            self.negations += 1;
        }
        if !IGNORED.contains(&word) {
            self.words.push(root(word));
        }
    }
}

/// Expands contractions: `don't` → `do not`. Only unambiguous ones; `'s` after a name is a possessive.
fn expanded(word: &str) -> Vec<String> {
    let two = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
    match word {
        "cannot" | "can't" => two("can", "not"),
        "won't" => two("will", "not"),
        "shan't" => two("shall", "not"),
        "it's" | "he's" | "she's" | "that's" | "there's" => two(&word[..word.len() - 2], "is"),
        _ => {
            for (ending, meaning) in
                [("n't", "not"), ("'re", "are"), ("'ve", "have"), ("'ll", "will"), ("'m", "am")]
            {
                if let Some(base) = word.strip_suffix(ending).filter(|base| !base.is_empty()) {
                    return two(base, meaning);
                }
            }
            vec![word.to_owned()]
        }
    }
}

/// Strips inflection and spelling variants: `likes` → `like`, `am` → `be`, `colour` → `color`. Tense is kept: `lived`
/// differs from `lives`.
fn root(word: &str) -> String {
    let word = match word {
        "am" | "is" | "are" => return "be".to_owned(),
        "was" | "were" => return "was".to_owned(),
        "has" => return "have".to_owned(),
        "an" => return "a".to_owned(),
        word => word,
    };
    if word.len() < 4 || !word.is_ascii() {
        return word.to_owned();
    }
    let singular = match word {
        _ if word.ends_with("ies") && word.len() > 4 => format!("{}y", &word[..word.len() - 3]),
        _ if ["sses", "shes", "ches", "xes"].iter().any(|ending| word.ends_with(ending)) => {
            word[..word.len() - 2].to_owned()
        }
        _ if word.ends_with('s') && !["ss", "us", "is", "'s"].iter().any(|ending| word.ends_with(ending)) => {
            word[..word.len() - 1].to_owned()
        }
        _ => word.to_owned(),
    };
    if singular.len() < 5 {
        return singular;
    }
    let american = singular.replace("our", "or");
    match american.strip_suffix("ise") {
        Some(stem) => format!("{stem}ize"),
        None => american,
    }
}

#[rustfmt::skip]
const NEGATIONS: &[&str] = &[
    "not", "no", "never", "none", "nobody", "nothing", "nowhere", "neither", "nor", "without", "nicht",
    "kein", "keine", "keinen", "keiner", "nie", "niemals", "ohne", "ne", "pas", "jamais", "sans", "non",
    "nunca", "ningún", "sin", "não", "mai", "niet", "geen", "inte", "не", "нет", "никогда", "без",
];

/// Verbs, as [`root`] returns them, before which `user` means the person and is not part of a name.
#[rustfmt::skip]
const USER_VERBS: &[&str] = &[
    "be", "dislike", "enjoy", "hate", "have", "like", "live", "love", "need", "not", "own", "prefer",
    "speak", "use", "want", "work",
];

/// Words that add nothing. The speaker is the same in both texts, or they would not be compared.
#[rustfmt::skip]
const IGNORED: &[&str] = &[
    "i", "a", "an", "the", "do", "does", "really", "very", "just", "also", "quite", "actually", "basically",
    "simply", "truly", "definitely", "certainly", "indeed", "too", "so", "well", "still", "currently",
    "now", "that", "please",
];
