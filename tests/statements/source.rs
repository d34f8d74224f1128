//! The string literals of `shared/src`, and which of them are SQL.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

/// A string literal in the sources.
pub(super) struct Literal {
    /// Relative to `shared/src`.
    pub(super) file: String,
    /// What it says, without the white space around it.
    pub(super) text: String,
    /// Whether it is the pattern of a `format!`.
    pub(super) made: bool,
}

/// A named SQL statement.
pub(super) struct Statement {
    pub(super) name: String,
    pub(super) file: String,
    pub(super) text: String,
    /// Whether its text is made at run time.
    pub(super) made: bool,
}

impl Literal {
    /// The name in its first line, `-- noun.verb`.
    pub(super) fn name(&self) -> Option<&str> {
        let first = self.text.lines().next()?;
        Some(first.strip_prefix("--")?.trim())
    }

    /// Whether it looks like SQL, with a name or without.
    pub(super) fn is_sql(&self) -> bool {
        const VERBS: [&str; 13] = [
            "SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "CREATE", "ALTER", "DROP", "SET", "BEGIN",
            "LOCK", "COPY", "TRUNCATE",
        ];
        let mut words = self.text.split_whitespace();
        let verb = words.next().unwrap_or_default().trim_end_matches(';');
        VERBS.contains(&verb) && words.next().is_some()
    }
}

/// Every named statement.
pub(super) fn statements() -> Vec<Statement> {
    let named = literals().into_iter().filter_map(|literal| {
        let name = literal.name()?.to_owned();
        // What the transaction itself says is not a statement of a store.
        let statement = literal.text.lines().count() > 1;
        statement.then_some(Statement { name, file: literal.file, text: literal.text, made: literal.made })
    });
    named.collect()
}

/// Every string literal in `shared/src`.
pub(super) fn literals() -> Vec<Literal> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/src");
    let mut files = Vec::new();
    collect_files(&root, &mut files);
    files.sort();
    let mut literals = Vec::new();
    for file in files {
        let name = file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        let source = fs::read_to_string(&file).unwrap();
        let tokens: TokenStream = source.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
        collect_literals(tokens, &name, false, &mut literals);
    }
    literals
}

fn collect_files(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn collect_literals(tokens: TokenStream, file: &str, inside_format: bool, found: &mut Vec<Literal>) {
    // The last two tokens: `format` `!` before a group.
    let mut before: [String; 2] = Default::default();
    for token in tokens {
        let text = token.to_string();
        match token {
            TokenTree::Group(group) => {
                let made = inside_format || before == ["format", "!"];
                collect_literals(group.stream(), file, made, found);
            }
            TokenTree::Literal(_) => {
                if let Ok(literal) = syn::parse_str::<syn::LitStr>(&text) {
                    let text = literal.value().trim().to_owned();
                    found.push(Literal { file: file.to_owned(), text, made: inside_format });
                }
            }
            _ => {}
        }
        before = [std::mem::take(&mut before[1]), text];
    }
}
