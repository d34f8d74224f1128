//! Word lists for the rules, in lower case with straight apostrophes.
//!
//! English, plus enough of the most common other languages to skip their greetings and keep their statements.
//! Everything else about those languages is left to punctuation.

pub(super) const GREETINGS: &[&str] = &[
    "hi", "hello", "hey", "hiya", "howdy", "greetings", "good morning", "good afternoon", "good evening",
    "good night", "bye", "goodbye", "see you", "talk to you later", "have a nice day", "have a good day", "thanks",
    "thank you", "thx", "cheers", "welcome", "you're welcome", "hallo", "guten morgen", "guten tag", "danke",
    "tschüss", "bonjour", "salut", "merci", "au revoir", "hola", "buenos días", "gracias", "adiós", "ciao", "grazie",
    "olá", "obrigado", "obrigada", "привет", "спасибо", "你好", "谢谢", "こんにちは", "ありがとう", "안녕하세요", "감사합니다",
];

/// Words said before a statement that are not part of it.
pub(super) const OPENERS: &[&str] = &[
    "by the way", "btw", "fyi", "anyway", "oh", "well", "um", "uh", "hmm", "haha", "lol",
];

/// The same, but only when followed by a comma or similar: `no meetings` is a statement, `no, …` an answer.
pub(super) const ANSWERS: &[&str] = &[
    "yes", "yeah", "yep", "no", "nope", "ok", "okay", "sure", "right", "so", "also", "actually", "and", "but",
    "great", "cool", "nice", "perfect", "sorry", "alright", "exactly", "correct", "absolutely", "of course",
    "sounds good", "got it", "i see", "ja", "nein", "oui", "non", "sí", "sim",
];

/// Phrases that ask to remember what follows.
pub(super) const DIRECTIVES: &[&str] = &[
    "please remember that", "remember that", "please note that", "note that", "keep in mind that",
    "please keep in mind that", "keep in mind", "don't forget that", "do not forget that", "for the record",
    "for your information", "just so you know", "for future reference", "can you remember that",
    "could you remember that", "i want you to remember that", "i need you to remember that", "make a note that",
    "memorize that", "merke dir, dass", "recuerda que", "souviens-toi que",
];

/// The same, unless the words belong to the sentence itself: `remember to …`, `note taking …`.
pub(super) const REMINDERS: &[&str] = &[
    "please remember this", "please remember", "remember this", "remember", "please note", "note", "save this",
    "don't forget", "do not forget",
];

/// Utterances without content, even with up to two more words.
pub(super) const FILLER: &[&str] = &[
    "i see", "i understand", "i agree", "i don't know", "i do not know", "i'm not sure", "i am not sure", "not sure",
    "i guess so", "i think so", "i hope so", "i get it", "i got it", "got it", "sounds good", "sounds great",
    "makes sense", "no problem", "no worries", "never mind", "nevermind", "i know", "one moment", "one second",
    "wait", "hold on", "i'll be back", "i have to go", "i'm fine", "i'm good", "i'm back", "i'm here", "good idea",
    "good point", "good job", "well done", "looks good", "lgtm", "it works", "it worked", "works now", "that works",
    "that worked", "same here", "me too", "go ahead", "continue", "i appreciate it", "i appreciate that",
    "happy to help", "glad to help", "you're right", "you are right", "i love it", "i like it", "i hate it",
];

pub(super) const EVALUATIONS: &[&str] = &[
    "great", "good", "nice", "cool", "perfect", "awesome", "fine", "ok", "okay", "right", "correct", "wrong", "true",
    "false", "interesting", "amazing", "funny", "weird", "helpful", "works", "worked", "fantastic", "wonderful",
    "better", "bad", "all", "it",
];

/// First words of questions without a question mark.
pub(super) const QUESTIONS: &[&str] = &[
    "can you", "could you", "would you", "will you", "do you", "did you", "does", "is there", "are there", "is it",
    "are you", "have you", "should i", "can i", "could i", "may i", "shall i", "do i", "am i", "should we", "can we",
    "any idea", "any chance",
];
pub(super) const QUESTION_WORDS: &[&str] = &["what", "why", "how", "who", "which", "when", "where", "whose"];

/// Words that turn a question word before them into a statement.
pub(super) const SPEAKERS: &[&str] = &["i", "i'm", "we", "we're", "my", "our"];

/// First words of a decision that could be taken for a request.
pub(super) const DECISIONS: &[&str] = &[
    "let's go with", "let's use", "let's stick with", "let's stay with", "let's switch to", "let's move to",
    "let's settle on", "let's go for", "let us go with", "let us use",
];

/// First words of a statement without a subject.
pub(super) const PREDICATES: &[&str] = &[
    "prefers", "likes", "loves", "hates", "dislikes", "avoids", "drinks", "speaks", "plays", "owns", "lives in",
    "works at", "works in", "works for", "works on", "allergic to", "married to", "based in", "born in", "born on",
    "afraid of", "interested in", "responsible for", "fluent in",
];

/// First words of a request that is not a fact about anyone.
pub(super) const REQUESTS: &[&str] = &[
    "please", "let's", "let us", "let me", "i want you to", "i need you to", "i'd like you to", "i would like you to",
    "i need help", "i need some help", "i have a question", "i've got a question", "i wonder", "i was wondering",
    "i'm wondering", "i am wondering", "i'd like to know", "i want to know", "i need to know", "i'm asking",
    "i'd like to ask", "i want to ask", "help me", "tell me", "show me", "give me", "bitte", "s'il te plaît",
    "s'il vous plaît", "por favor", "per favore",
];

/// Verbs that begin a command to an assistant.
pub(super) const COMMANDS: &[&str] = &[
    "add", "analyze", "analyse", "answer", "apply", "ask", "build", "calculate", "change", "check", "clean", "close",
    "compare", "complete", "compute", "convert", "copy", "correct", "create", "debug", "define", "delete", "describe",
    "design", "do", "draft", "draw", "edit", "execute", "expand", "explain", "extract", "fetch", "fill", "find",
    "finish", "fix", "format", "generate", "get", "give", "go", "help", "identify", "implement", "improve", "insert",
    "install", "keep", "list", "look", "make", "merge", "modify", "move", "open", "optimize", "outline", "paraphrase",
    "plan", "print", "proofread", "provide", "put", "read", "recommend", "refactor", "remind", "remove", "rename",
    "repeat", "replace", "reply", "rephrase", "research", "respond", "retry", "return", "review", "rewrite", "run",
    "save", "search", "send", "set", "shorten", "show", "simplify", "solve", "sort", "split", "start", "stop",
    "suggest", "summarize", "summarise", "take", "tell", "test", "think", "translate", "try", "turn", "undo",
    "update", "use", "verify", "walk", "write",
];

/// Words that follow a command verb but not a noun of the same spelling (`run the tests`, not `run times are bad`).
pub(super) const OBJECTS: &[&str] = &[
    "a", "about", "all", "an", "and", "another", "any", "each", "everything", "for", "from", "her", "him", "how",
    "if", "in", "into", "it", "its", "me", "my", "on", "one", "only", "our", "out", "some", "that", "the", "their",
    "them", "these", "this", "those", "through", "to", "up", "us", "what", "when", "where", "which", "who", "why",
    "with", "your",
];

/// Phrases that make a command hold beyond this conversation, and thus a preference.
pub(super) const STANDING: &[&str] = &[
    "always", "never", "from now on", "going forward", "in the future", "in future", "every time", "each time",
    "by default", "whenever", "call me", "address me", "refer to me", "ab jetzt", "immer", "toujours", "siempre",
];

/// Words of people who speak of themselves or their group.
pub(super) const FIRST_PERSON: &[&str] = &[
    "i", "i'm", "i've", "i'd", "i'll", "me", "my", "mine", "myself", "we", "we're", "we've", "we'd", "we'll", "us",
    "our", "ours", "ich", "mich", "mir", "mein", "meine", "meinen", "wir", "uns", "unser", "unsere", "je", "j'ai",
    "j'aime", "j'habite", "mon", "ma", "mes", "nous", "notre", "yo", "mi", "mis", "soy", "tengo", "vivo", "nosotros",
    "io", "mio", "mia", "sono", "eu", "meu", "minha", "sou", "moro", "ik", "mijn", "jag", "я", "меня", "мне", "мой",
    "моя", "мы",
];

/// Subjects that begin a new clause after `and`.
pub(super) const CLAUSE_SUBJECTS: &[&str] = &[
    "i", "i'm", "i've", "i'd", "i'll", "we", "we're", "we've", "we'd", "we'll",
];

/// Words that address the listener.
pub(super) const LISTENER: &[&str] = &["you", "you're", "you've", "you'll", "you'd", "your", "yours"];

/// Words that begin a statement about a thing.
pub(super) const SUBJECT_OPENERS: &[&str] = &["the", "this", "that", "these", "those", "every", "each", "all"];

/// Words that refer to something said before.
pub(super) const ANAPHORA: &[&str] = &[
    "it", "it's", "its", "he", "he's", "his", "she", "she's", "her", "they", "they're", "their", "this", "that",
    "that's", "these", "those",
];

/// Anaphora that also occur before a noun: `this project uses Rust`.
pub(super) const DETERMINERS: &[&str] = &["this", "that", "these", "those"];

pub(super) const SUBORDINATORS: &[&str] = &[
    "if", "when", "whenever", "while", "after", "before", "since", "because", "although", "though", "unless", "until",
    "as", "once", "whether",
];

pub(super) const VERBS: &[&str] = &[
    "am", "is", "are", "was", "were", "be", "been", "has", "have", "had", "do", "does", "did", "will", "would", "can",
    "could", "should", "must", "may", "might", "isn't", "aren't", "wasn't", "weren't", "hasn't", "haven't", "don't",
    "doesn't", "didn't", "won't", "can't", "cannot", "belongs", "calls", "came", "comes", "contains", "costs",
    "drinks", "drives", "eats", "ends", "expires", "gets", "goes", "got", "hates", "holds", "keeps", "knows", "left",
    "likes", "lives", "loves", "made", "makes", "means", "meets", "moves", "needs", "owns", "plays", "prefers",
    "requires", "reports", "runs", "said", "says", "sits", "sleeps", "speaks", "starts", "stays", "studies",
    "supports", "takes", "takes", "teaches", "thinks", "told", "took", "uses", "wants", "went", "works", "writes",
    "wrote",
];

/// Words that occur only in English text: without any of them, the rules about English verbs do not apply.
pub(super) const ENGLISH: &[&str] = &[
    "the", "is", "are", "was", "were", "of", "to", "and", "this", "that", "with", "for", "it", "you", "on", "at",
    "be", "not", "but", "from", "an", "by",
];

/// Words that, followed by a colon, begin a log line or a mail header.
pub(super) const LABELS: &[&str] = &[
    "error", "warning", "warn", "info", "debug", "trace", "traceback", "exception", "fatal", "panic", "hint",
    "stdout", "stderr", "output", "input", "question", "q", "a", "answer", "task", "subject", "re", "fwd", "from",
    "to", "date", "example", "http", "https",
];

/// Phrases with which an assistant reports what it knows about the user, or what was decided.
pub(super) const ABOUT_USER: &[&str] = &[
    "you prefer", "you like", "you love", "you dislike", "you hate", "you live", "you work", "you are", "you're",
    "you have", "you've", "you use", "you want", "you mentioned", "you said", "you told me", "you decided",
    "you moved", "you own", "you speak", "you don't", "you do not", "as you said", "as you mentioned", "your name",
    "your birthday", "your favourite", "your favorite", "your preferred", "your preference", "your address",
    "your email", "your e-mail", "your team", "your manager", "your role", "your job", "your company",
    "your time zone", "your timezone", "your wife", "your husband", "your partner", "your allergy", "we decided",
    "we agreed", "we will use", "we'll use", "we chose", "the decision is", "it was decided", "the agreed",
];

/// Advice, praise and courtesies that begin the same way.
pub(super) const ABOUT_NOBODY: &[&str] = &[
    "you are welcome", "you're welcome", "you are right", "you're right", "you are correct", "you're correct",
    "you are absolutely", "you're absolutely", "you have to", "you've got this", "you want to", "you're all set",
    "you are all set", "you don't need to", "you don't have to", "you do not need to", "you do not have to",
    "you're good to go", "you have a great", "you have several", "you have a few options", "you have two options",
    "you're asking", "you are asking", "you're looking", "you are looking", "you're trying", "you are trying",
];

/// Abbreviations that end in a dot and never end a sentence.
pub(super) const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "vs", "e.g", "i.e", "approx", "z.b", "u.a", "bzw", "d.h", "mme", "mlle", "sra",
];

/// Titles before or after a name; in lower case most of them are ordinary words.
pub(super) const TITLES: &[&str] = &[
    "St", "Gen", "Col", "Sgt", "Rev", "Hon", "Gov", "Dept", "Jr", "Sr", "Inc", "Ltd", "Corp",
];

/// Abbreviations that precede a number; without one, most of them are ordinary words.
pub(super) const NUMBERED: &[&str] = &["no", "nr", "art", "fig", "vol", "ca"];

pub(super) const MONTHS: &[&str] = &[
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december", "januar", "februar", "märz", "mai", "juni", "juli", "oktober", "dezember",
];
