//! Pagination: keyset cursors for our own routes, page numbers for mem0's clients.
//!
//! Both list rows in the order of `(created_at, id)`, memories from the newest to the oldest. A cursor continues after
//! the last row that was seen, `(created_at, id) < (…, …)`, at the same cost on every page and without missing or
//! repeating rows when others are added in the meantime. A page number becomes an `OFFSET`, which has neither property,
//! so it is bounded by [`MAX_OFFSET`].

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Datelike as _, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::clock::is_year;
use crate::http::listed;

/// The page size if the request does not give one, as in mem0.
pub const DEFAULT_PAGE_SIZE: u32 = 100;
/// The maximum page size. mem0 stops at 200; its older clients ask for up to 1000.
pub const MAX_PAGE_SIZE: u32 = 1000;
/// The maximum number of rows that a page number can skip: PostgreSQL reads and discards every one of them.
pub const MAX_OFFSET: i64 = 100_000;

/// Why the requested page is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// `page_size` is out of range.
    #[error("page_size must be from 1 to {MAX_PAGE_SIZE}, found {0}")]
    Size(i64),
    /// `limit` is out of range.
    #[error("limit must be from 1 to {MAX_PAGE_SIZE}, found {0}")]
    Limit(i64),
    /// `page` is less than 1.
    #[error("page must be 1 or more, found {0}")]
    Number(i64),
    /// `page` is too far from the beginning.
    #[error("page {0} begins beyond row {MAX_OFFSET}, narrow the filters or continue with a cursor")]
    TooFar(i64),
    /// The cursor is malformed.
    #[error("the cursor is not valid, begin again without one")]
    Malformed,
    /// The cursor was given out for other filters, or was altered.
    #[error("the cursor belongs to a request with other filters, begin again without one")]
    OtherQuery,
}

impl From<PageError> for crate::Error {
    fn from(error: PageError) -> Self {
        let field = match error {
            PageError::Size(_) => "page_size",
            PageError::Limit(_) => "limit",
            PageError::Number(_) | PageError::TooFar(_) => "page",
            PageError::Malformed | PageError::OtherQuery => "cursor",
        };
        Self::invalid(field, error.to_string())
    }
}

/// Checks a `page_size`.
///
/// # Errors
/// If it is out of range. It is not clamped: a client that asks for 5000 rows and silently gets 1000 would believe that
/// there are no more.
pub fn page_size(requested: Option<i64>) -> Result<u32, PageError> {
    let Some(size) = requested else { return Ok(DEFAULT_PAGE_SIZE) };
    u32::try_from(size).ok().filter(|size| (1..=MAX_PAGE_SIZE).contains(size)).ok_or(PageError::Size(size))
}

/// `?cursor=&limit=` and nothing else: the parameters of a list with cursors.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Where the previous part ended.
    pub cursor: Option<String>,
    /// The maximum number of rows.
    pub limit: Option<i64>,
}

impl Part {
    /// Returns both, checked against their bounds.
    pub fn read(&self) -> Result<(Option<&str>, u32), PageError> {
        Ok((self.cursor.as_deref(), limit(self.limit)?))
    }
}

/// Checks a `limit`, which is what our own lists call the page size.
///
/// # Errors
/// If it is out of range.
pub fn limit(requested: Option<i64>) -> Result<u32, PageError> {
    page_size(requested).map_err(|_| PageError::Limit(requested.unwrap_or_default()))
}

/// Returns a value that may be given under two names, with the name under which it was given.
///
/// # Errors
/// If it is given under both.
pub fn either<T>(
    names: [&'static str; 2],
    values: [Option<T>; 2],
) -> crate::Result<(&'static str, Option<T>)> {
    let [first, second] = names;
    match values {
        [Some(_), Some(_)] => Err(crate::Error::invalid(
            second,
            format!("{second} is another name for {first}, give one of them"),
        )),
        [None, Some(value)] => Ok((second, Some(value))),
        [value, None] => Ok((first, value)),
    }
}

/// A part of a list, as our own routes return it.
#[derive(Debug, Clone, Serialize)]
pub struct List<T> {
    /// The rows.
    pub results: Vec<T>,
    /// The cursor of the next part; null at the end.
    pub next: Option<String>,
}

/// A hash of everything in a request that decides which rows a list contains: a cursor is only valid for the request it
/// was issued for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryHash([u8; 32]);

impl QueryHash {
    /// Hashes the name of the list, its filters as JSON text, and anything else that selects or orders its rows.
    #[must_use]
    pub fn of(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self(hash.finalize().into())
    }
}

/// A position in a list: after the row with this time and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The row's `created_at`, to the microsecond.
    pub created_at: DateTime<Utc>,
    /// The row's id, which orders rows of the same time.
    pub id: Uuid,
}

/// Version, microseconds since 1970, id, checksum.
const LENGTH: usize = 1 + 8 + 16 + 8;
const VERSION: u8 = 1;

impl Cursor {
    /// Encodes the cursor for a client: base64url without padding, 44 characters, opaque to it.
    ///
    /// The checksum binds it to the query and detects accidents. It is not secret and need not be: a forged cursor
    /// reaches no row that the request without a cursor would not.
    #[must_use]
    pub fn encode(&self, query: &QueryHash) -> String {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.push(VERSION);
        bytes.extend(self.created_at.timestamp_micros().to_be_bytes());
        bytes.extend(self.id.as_bytes());
        let check = check(&bytes, query);
        bytes.extend(check);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Decodes what [`Cursor::encode`] wrote.
    ///
    /// # Errors
    /// If it has another form or version, or belongs to another query.
    pub fn decode(text: &str, query: &QueryHash) -> Result<Self, PageError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| PageError::Malformed)?;
        let bytes: [u8; LENGTH] = bytes.try_into().map_err(|_| PageError::Malformed)?;
        let (body, found) = bytes.split_at(LENGTH - 8);
        if body[0] != VERSION {
            return Err(PageError::Malformed);
        }
        if check(body, query) != found {
            return Err(PageError::OtherQuery);
        }
        let micros = body[1..9].try_into().map(i64::from_be_bytes).map_err(|_| PageError::Malformed)?;
        // A forged cursor may contain any number; PostgreSQL supports fewer years than chrono.
        let created_at = DateTime::from_timestamp_micros(micros)
            .filter(|at| is_year(at.year()))
            .ok_or(PageError::Malformed)?;
        let id = Uuid::from_slice(&body[9..]).map_err(|_| PageError::Malformed)?;
        Ok(Self { created_at, id })
    }

    /// Truncates a list that was read with `LIMIT size + 1` to `size` rows, or fewer if they would not fit into an
    /// answer, and returns the cursor of the next page if there are more.
    pub fn cut<T: Serialize>(
        rows: &mut Vec<T>,
        size: u32,
        query: &QueryHash,
        place: impl Fn(&T) -> Self,
    ) -> Option<String> {
        let room = u32::try_from(listed(rows)).unwrap_or(size);
        Self::cut_at(rows, size.min(room), query, place)
    }

    /// The same for rows that are small: a thousand always fit into an answer.
    pub fn cut_at<T>(
        rows: &mut Vec<T>,
        size: u32,
        query: &QueryHash,
        place: impl Fn(&T) -> Self,
    ) -> Option<String> {
        let size = size as usize;
        if rows.len() <= size {
            return None;
        }
        rows.truncate(size);
        rows.last().map(|row| place(row).encode(query))
    }
}

fn check(body: &[u8], query: &QueryHash) -> [u8; 8] {
    let digest = Sha256::new().chain_update(query.0).chain_update(body).finalize();
    let mut check = [0; 8];
    check.copy_from_slice(&digest[..8]);
    check
}

/// A page by number, as mem0's clients request it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The page number, starting at 1.
    pub number: u32,
    /// The number of rows per page.
    pub size: u32,
}

/// The neighbours of a page, as mem0 returns them: absolute URLs, `None` at either end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Links {
    /// The next page.
    pub next: Option<String>,
    /// The previous page; from beyond the end, the last one.
    pub previous: Option<String>,
}

impl Page {
    /// Checks `page` and `page_size`.
    ///
    /// # Errors
    /// If either is out of range.
    pub fn new(page: Option<i64>, size: Option<i64>) -> Result<Self, PageError> {
        let size = page_size(size)?;
        let number = page.unwrap_or(1);
        if number < 1 {
            return Err(PageError::Number(number));
        }
        let page = u32::try_from(number).map(|number| Self { number, size }).ok();
        page.filter(|page| page.offset() <= MAX_OFFSET).ok_or(PageError::TooFar(number))
    }

    /// The number of rows before it, for `OFFSET`.
    #[must_use]
    pub fn offset(self) -> i64 {
        i64::from(self.number - 1) * i64::from(self.size)
    }

    /// The neighbours in a list of `count` rows. `url` is the URL of the list, without query; `query` holds the
    /// request's parameters other than `page` and `page_size`. The contents of a body are not repeated: the client
    /// sends it again.
    #[must_use]
    pub fn links(self, url: &str, query: &[(&str, &str)], count: u64) -> Links {
        let last = u32::try_from(count.div_ceil(u64::from(self.size))).unwrap_or(u32::MAX).max(1);
        let link = |number: u32| {
            let (number, size) = (number.to_string(), self.size.to_string());
            let own = [("page", number.as_str()), ("page_size", size.as_str())];
            let pairs =
                query.iter().chain(&own).map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
            format!("{url}?{}", pairs.collect::<Vec<_>>().join("&"))
        };
        Links {
            next: (self.number < last).then(|| link(self.number + 1)),
            previous: (self.number > 1).then(|| link((self.number - 1).min(last))),
        }
    }
}

/// Percent-encodes everything except the unreserved characters of RFC 3986 section 2.3.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cursor() -> impl Strategy<Value = Cursor> {
        (-62_135_596_800_000_000..253_402_300_799_999_999i64, any::<u128>()).prop_map(|(micros, id)| Cursor {
            created_at: DateTime::from_timestamp_micros(micros).unwrap(),
            id: Uuid::from_u128(id),
        })
    }

    proptest! {
        #[test]
        fn a_cursor_survives_encoding(cursor in cursor(), filters in ".*") {
            let query = QueryHash::of(&["memories", &filters]);
            prop_assert_eq!(Cursor::decode(&cursor.encode(&query), &query), Ok(cursor));
        }

        #[test]
        fn a_cursor_fits_no_other_query(cursor in cursor(), a in ".{0,9}", b in ".{0,9}") {
            prop_assume!(a != b);
            let text = cursor.encode(&QueryHash::of(&[&a]));
            prop_assert_eq!(Cursor::decode(&text, &QueryHash::of(&[&b])), Err(PageError::OtherQuery));
        }

        #[test]
        fn an_altered_cursor_is_refused(cursor in cursor(), at in 0..44usize, by in 1..64usize) {
            const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let query = QueryHash::of(&["memories"]);
            let mut text = cursor.encode(&query).into_bytes();
            let digit = ALPHABET.iter().position(|digit| *digit == text[at]).unwrap();
            text[at] = ALPHABET[(digit + by) % 64];
            prop_assert!(Cursor::decode(std::str::from_utf8(&text).unwrap(), &query).is_err());
        }

        #[test]
        fn no_text_panics(text in ".*", length in 0..60usize, byte in any::<u8>()) {
            let query = QueryHash::of(&[]);
            prop_assert!(Cursor::decode(&text, &query).is_err());
            prop_assert!(Cursor::decode(&URL_SAFE_NO_PAD.encode(vec![byte; length]), &query).is_err());
        }

        #[test]
        fn following_next_visits_every_row_once(count in 0..500u64, size in 1..60i64) {
            let (mut page, mut seen) = (Page::new(None, Some(size)).unwrap(), 0);
            loop {
                prop_assert_eq!(page.offset() as u64, seen);
                seen += (count - seen).min(size as u64);
                if page.links("", &[], count).next.is_none() {
                    break;
                }
                page = Page::new(Some(i64::from(page.number) + 1), Some(size)).unwrap();
            }
            prop_assert_eq!(seen, count);
        }
    }

    #[test]
    fn parts_of_a_query_do_not_run_together() {
        assert_ne!(QueryHash::of(&["ab", "c"]), QueryHash::of(&["a", "bc"]));
        assert_ne!(QueryHash::of(&["a"]), QueryHash::of(&["a", ""]));
    }

    #[test]
    fn the_extra_row_becomes_a_cursor() {
        let query = QueryHash::of(&[]);
        let place = |id: &u128| Cursor { created_at: DateTime::UNIX_EPOCH, id: Uuid::from_u128(*id) };
        let mut rows = vec![3, 2, 1];
        assert_eq!(Cursor::cut(&mut rows, 3, &query, place), None);
        let next = Cursor::cut(&mut rows, 2, &query, place).unwrap();
        assert_eq!(rows, [3, 2]);
        assert_eq!(Cursor::decode(&next, &query).unwrap().id, Uuid::from_u128(2));
    }

    #[test]
    fn pages_out_of_range_are_refused() {
        assert_eq!(Page::new(None, None), Ok(Page { number: 1, size: 100 }));
        assert_eq!(Page::new(Some(1001), Some(100)).unwrap().offset(), MAX_OFFSET);
        let error = |page, size| Page::new(page, size).unwrap_err().to_string();
        assert_eq!(error(Some(0), None), "page must be 1 or more, found 0");
        assert_eq!(error(None, Some(0)), "page_size must be from 1 to 1000, found 0");
        assert_eq!(
            error(None, Some(i64::MAX)),
            "page_size must be from 1 to 1000, found 9223372036854775807"
        );
        assert_eq!(
            error(Some(i64::MAX), None),
            "page 9223372036854775807 begins beyond row 100000, narrow the filters or continue with a cursor"
        );
        assert!(matches!(Page::new(Some(1002), Some(100)), Err(PageError::TooFar(1002))));
    }

    #[test]
    fn neighbours_are_whole_urls() {
        let links = |number, count| {
            let page = Page { number, size: 50 };
            page.links("https://m.example/v3/memories/", &[("user_id", "ada & co")], count)
        };
        let url = |number: u32| {
            Some(format!("https://m.example/v3/memories/?user_id=ada%20%26%20co&page={number}&page_size=50"))
        };
        assert_eq!(links(1, 50), Links::default());
        assert_eq!(links(1, 51), Links { next: url(2), previous: None });
        assert_eq!(links(2, 120), Links { next: url(3), previous: url(1) });
        assert_eq!(links(3, 120), Links { next: None, previous: url(2) });
        assert_eq!(links(9, 120), Links { next: None, previous: url(3) });
        assert_eq!(links(9, 0), Links { next: None, previous: url(1) });
    }
}
