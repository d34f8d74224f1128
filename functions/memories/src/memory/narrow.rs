//! `fields`: answers with only some members.

use serde::Serialize;
use serde_json::{Map, Value};
use shared::{Error, Result};

/// A whole item, or only the requested members.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Narrowed<T> {
    Whole(T),
    Part(Map<String, Value>),
}

/// Keeps the given members of each item, and always its id. A member that items do not have is refused.
pub(crate) fn narrow<T: Serialize>(items: Vec<T>, fields: Option<&[String]>) -> Result<Vec<Narrowed<T>>> {
    let Some(fields) = fields else { return Ok(items.into_iter().map(Narrowed::Whole).collect()) };
    items
        .into_iter()
        .map(|item| match serde_json::to_value(item).map_err(Error::internal)? {
            Value::Object(members) => part(members, fields).map(Narrowed::Part),
            _ => Err(Error::internal("an item of a list is no object")),
        })
        .collect()
}

fn part(mut members: Map<String, Value>, fields: &[String]) -> Result<Map<String, Value>> {
    let mut part = Map::new();
    for name in ["id"].into_iter().chain(fields.iter().map(String::as_str)) {
        match members.remove_entry(name) {
            Some((name, value)) => part.insert(name, value),
            None if part.contains_key(name) => None,
            None => {
                return Err(Error::invalid("fields", format!("results have no {name:?}")));
            }
        };
    }
    Ok(part)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_fields_asked_for_stay() {
        let items = vec![json!({ "id": 1, "memory": "a", "score": 2 })];
        let narrow = |fields: &[&str]| {
            let fields: Vec<String> = fields.iter().map(ToString::to_string).collect();
            narrow(items.clone(), Some(&fields)).map(|items| serde_json::to_value(items).unwrap())
        };
        assert_eq!(narrow(&["memory", "id", "memory"]).unwrap(), json!([{ "id": 1, "memory": "a" }]));
        assert!(narrow(&["nonsense"]).is_err());
    }
}
