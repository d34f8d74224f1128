//! Pagination: a cursor names the entry after which to continue. The server chooses the page size.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::fault::Fault;
use crate::message::{Object, given};

/// Entries per page.
pub(crate) const PART: usize = 50;

/// Returns the cursor of a list request.
pub(crate) fn of(params: &Object) -> Result<Option<&str>, Fault> {
    match given(params, "cursor") {
        None => Ok(None),
        Some(Value::String(cursor)) => Ok(Some(cursor)),
        Some(_) => Err(Fault::params("cursor must be a string")),
    }
}

/// Returns the page that follows the cursor, and the cursor of the next one. `list` identifies the list: a cursor is
/// valid only for the list that issued it.
pub(crate) fn part<T>(
    entries: Vec<T>,
    list: &str,
    cursor: Option<&str>,
    size: usize,
    name: impl Fn(&T) -> String,
) -> Result<(Vec<T>, Option<String>), Fault> {
    let skipped = match cursor {
        None => 0,
        Some(cursor) => {
            let invalid = || Fault::params("cursor: the cursor is not valid, begin again without one");
            let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| invalid())?;
            let text = String::from_utf8(bytes).map_err(|_| invalid())?;
            let after =
                text.strip_prefix(list).and_then(|rest| rest.strip_prefix('\n')).ok_or_else(invalid)?;
            1 + entries.iter().position(|entry| name(entry) == after).ok_or_else(invalid)?
        }
    };
    let mut rest: Vec<T> = entries.into_iter().skip(skipped).collect();
    let more = rest.len() > size;
    rest.truncate(size);
    let next =
        rest.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(format!("{list}\n{}", name(last))));
    Ok((rest, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_make_up_the_whole_list() {
        let entries: Vec<u32> = (0..7).collect();
        let (mut seen, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let (part, next) =
                part(entries.clone(), "numbers", cursor.as_deref(), 3, u32::to_string).unwrap();
            assert!(part.len() <= 3);
            seen.extend(part);
            let Some(next) = next else { break };
            cursor = Some(next);
        }
        assert_eq!(seen, entries);
    }

    #[test]
    fn a_cursor_fits_only_its_own_list() {
        let (_, next) = part(vec![1, 2], "numbers", None, 1, i32::to_string).unwrap();
        let next = next.unwrap();
        assert!(part(vec![1, 2], "other", Some(&next), 1, i32::to_string).is_err());
        assert!(part(vec![7], "numbers", Some(&next), 1, i32::to_string).is_err());
        assert!(part(vec![1, 2], "numbers", Some("%"), 1, i32::to_string).is_err());
    }
}
