//! JSON as editors read it, with comments and commas before a closing bracket, changed in place: it is somebody's text, and
//! what is not ours of it stays as it was written.

use anyhow::{Context as _, Result, bail};
use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstNode, CstObject, CstRootNode};

/// What some editors of Windows put in front of a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Comments and trailing commas, and nothing else that is not JSON: other readers of the file know no more.
const DIALECT: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// The text with its outermost object changed; a text with nothing in it gets one.
pub(super) fn edit(text: &str, change: impl FnOnce(&CstObject) -> Result<()>) -> Result<String> {
    let (mark, text) = match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => (Some(BYTE_ORDER_MARK), rest),
        None => (None, text),
    };
    let root = CstRootNode::parse(text, &DIALECT).context("it is not JSON, even with comments")?;
    change(&root.object_value_or_create().context("it is not a JSON object")?)?;
    Ok(mark.into_iter().chain(root.to_string().chars()).collect())
}

/// The object of that name, made empty if there is none.
pub(super) fn object(of: &CstObject, name: &str) -> Result<CstObject> {
    only(of, name)?;
    of.object_value_or_create(name).with_context(|| format!("{name} is not an object"))
}

/// Gives a member that value. If it has it already, however it is written, nothing is touched.
pub(super) fn set(of: &CstObject, name: &str, value: CstInputValue) -> Result<()> {
    only(of, name)?;
    match of.get(name) {
        None => drop(of.append(name, value)),
        Some(member) if member.value().is_some_and(|known| same(&known, &value)) => {}
        Some(member) => member.set_value(value),
    }
    Ok(())
}

/// Readers disagree about which of two members of one name counts.
fn only(of: &CstObject, name: &str) -> Result<()> {
    let named = of.properties().into_iter().filter(|member| member.decoded_name().as_deref() == Some(name));
    if named.count() > 1 {
        bail!("{name} is there twice");
    }
    Ok(())
}

/// Of the values that we set: strings, and lists of them.
fn same(known: &CstNode, value: &CstInputValue) -> bool {
    match value {
        CstInputValue::String(text) => {
            known.as_string_lit().and_then(|it| it.decoded_value().ok()).as_ref() == Some(text)
        }
        CstInputValue::Array(items) => known.as_array().is_some_and(|known| {
            let known = known.elements();
            known.len() == items.len() && known.iter().zip(items).all(|(known, item)| same(known, item))
        }),
        _ => false,
    }
}
