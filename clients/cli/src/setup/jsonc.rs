//! JSON with comments and trailing commas, as editors read it. It is edited in place: what is not ours
//! stays exactly as people wrote it.

use anyhow::{Context as _, Result, bail};
use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstNode, CstObject, CstRootNode};

use super::members::Members;

/// Allows comments and trailing commas only: other readers of the file understand no more.
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

/// Returns the text with its outermost object changed; an empty text gets one.
pub(super) fn edit(text: &str, change: impl FnOnce(&mut dyn Members) -> Result<()>) -> Result<String> {
    let root = CstRootNode::parse(text, &DIALECT).context("it is not JSON, even with comments")?;
    change(&mut Object(root.object_value_or_create().context("it is not a JSON object")?))?;
    Ok(root.to_string())
}

struct Object(CstObject);

impl Members for Object {
    fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some()
    }

    fn text(&self, name: &str) -> Option<String> {
        text(&self.0.get(name)?.value()?)
    }

    fn truth(&self, name: &str) -> Option<bool> {
        self.0.get(name)?.value()?.as_boolean_lit().map(|truth| truth.value())
    }

    fn texts(&self, name: &str) -> Option<Vec<String>> {
        self.0.get(name)?.value()?.as_array()?.elements().iter().map(text).collect()
    }

    fn set_text(&mut self, name: &str, text: &str) -> Result<()> {
        only(&self.0, name)?;
        if self.text(name).as_deref() != Some(text) {
            set(&self.0, name, text.into());
        }
        Ok(())
    }

    fn set_texts(&mut self, name: &str, texts: &[&str]) -> Result<()> {
        only(&self.0, name)?;
        if self.texts(name).is_none_or(|known| known != texts) {
            set(&self.0, name, texts.iter().copied().map(CstInputValue::from).collect::<Vec<_>>().into());
        }
        Ok(())
    }

    fn remove(&mut self, name: &str) {
        while let Some(member) = self.0.get(name) {
            member.remove();
        }
    }

    fn inner(&mut self, name: &str) -> Result<Box<dyn Members + '_>> {
        only(&self.0, name)?;
        if let Some(member) = self.0.get(name)
            && member.value().is_some_and(|value| value.as_null_keyword().is_some())
        {
            member.set_value(CstInputValue::Object(Vec::new()));
        }
        let inner = self.0.object_value_or_create(name);
        Ok(Box::new(Object(inner.with_context(|| format!("{name} is not an object"))?)))
    }
}

fn text(value: &CstNode) -> Option<String> {
    value.as_string_lit()?.decoded_value().ok()
}

fn set(of: &CstObject, name: &str, value: CstInputValue) {
    match of.get(name) {
        None => drop(of.append(name, value)),
        Some(member) => member.set_value(value),
    }
}

/// Refuses duplicate members: readers disagree about which one counts.
fn only(of: &CstObject, name: &str) -> Result<()> {
    let named = of.properties().into_iter().filter(|member| member.decoded_name().as_deref() == Some(name));
    if named.count() > 1 {
        bail!("{name} is there twice");
    }
    Ok(())
}
