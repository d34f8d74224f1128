//! PostgreSQL's `jsonb @>` in Rust.
//!
//! An object contains another when it contains each of the other's pairs; an array contains another when each element
//! of the other is contained in some element of it, in any order; numbers compare by value (`1 = 1.0`). As in
//! PostgreSQL, a top-level array also contains a bare scalar that equals one of its elements. Source: PostgreSQL
//! documentation, "jsonb Containment and Existence".

use serde_json::{Number, Value};

/// Evaluates `whole @> part`.
pub(super) fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Array(elements), Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            elements.iter().any(|element| same_scalar(element, part))
        }
        _ => contains_nested(whole, part),
    }
}

fn contains_nested(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(key, value)| whole.get(key).is_some_and(|found| contains_nested(found, value)))
        }
        (Value::Array(whole), Value::Array(part)) => {
            part.iter().all(|value| whole.iter().any(|found| contains_nested(found, value)))
        }
        _ => same_scalar(whole, part),
    }
}

fn same_scalar(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Number(a), Value::Number(b)) => decimal(a) == decimal(b),
        _ => false,
    }
}

/// Returns the sign, significant digits and exponent of a number as written, because PostgreSQL keeps numbers as
/// written: as `f64`, large neighbouring integers would compare equal.
fn decimal(number: &Number) -> (bool, String, i64) {
    let text = number.to_string();
    let (negative, text) = text.strip_prefix('-').map_or((false, text.as_str()), |rest| (true, rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return (false, String::new(), 0);
    }
    let trailing = digits.len() - digits.trim_end_matches('0').len();
    let exponent = exponent.parse::<i64>().unwrap_or(0) - fraction.len() as i64 + trailing as i64;
    (negative, significant.to_owned(), exponent)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn containment_is_that_of_postgresql() {
        // The examples of PostgreSQL's documentation, section 8.14.3, and its exceptions.
        assert!(contains(&json!("foo"), &json!("foo")));
        assert!(contains(&json!([1, 2, 3]), &json!([1, 3])));
        assert!(contains(&json!([1, 2, 3]), &json!([3, 1])));
        assert!(contains(&json!([1, 2, 3]), &json!([1, 2, 2])));
        assert!(contains(&json!({"product": "x", "version": 9.4}), &json!({"version": 9.4})));
        assert!(!contains(&json!([1, 2, [1, 3]]), &json!([1, 3])));
        assert!(contains(&json!([1, 2, [1, 3]]), &json!([[1, 3]])));
        assert!(!contains(&json!({"foo": {"bar": "baz"}}), &json!({"bar": "baz"})));
        assert!(contains(&json!({"foo": {"bar": "baz"}}), &json!({"foo": {}})));
        assert!(contains(&json!(["foo", "bar"]), &json!("bar")));
        assert!(!contains(&json!("bar"), &json!(["bar"])));
        assert!(!contains(&json!({"tags": ["a"]}), &json!({"tags": "a"})));
    }

    #[test]
    fn numbers_are_compared_by_value() {
        assert!(contains(&json!(1), &json!(1.0)));
        assert!(contains(&json!(100), &json!(1e2)));
        assert!(contains(&json!(0), &json!(-0.0)));
        assert!(contains(&json!(-1.5e-7), &json!(-0.00000015)));
        assert!(!contains(&json!(9_007_199_254_740_993_u64), &json!(9_007_199_254_740_992_u64)));
        assert!(!contains(&json!(1), &json!(-1)));
        assert!(!contains(&json!(1), &json!("1")));
    }
}
