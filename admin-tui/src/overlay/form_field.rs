//! Fields of a form.

use crate::ui::TextInput;

#[derive(Debug, Clone)]
pub(super) enum FieldValue {
    Text(TextInput),
    /// Choices, and the index of the chosen one.
    Choice(Vec<String>, usize),
}

#[derive(Debug, Clone)]
pub(super) struct FormField {
    pub(super) label: &'static str,
    /// Explains what to enter.
    pub(super) hint: &'static str,
    pub(super) value: FieldValue,
}

impl FormField {
    pub(super) fn text(label: &'static str, hint: &'static str, text: &str) -> Self {
        Self { label, hint, value: FieldValue::Text(TextInput::new(text)) }
    }

    pub(super) fn choice(label: &'static str, hint: &'static str, choices: &[&str], chosen: usize) -> Self {
        let choices = choices.iter().map(|&choice| choice.to_owned()).collect();
        Self { label, hint, value: FieldValue::Choice(choices, chosen) }
    }

    /// Returns the text without surrounding spaces; `None` for empty text and for choices.
    pub(super) fn trimmed(&self) -> Option<String> {
        match &self.value {
            FieldValue::Text(input) => input.trimmed(),
            FieldValue::Choice(..) => None,
        }
    }

    /// Returns the index of the choice; 0 for text.
    pub(super) const fn chosen(&self) -> usize {
        match &self.value {
            FieldValue::Text(_) => 0,
            FieldValue::Choice(_, chosen) => *chosen,
        }
    }
}
