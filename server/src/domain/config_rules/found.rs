//! Problems that the rules find, and limits that apply to all lists of origins.

use doorward_shared::admin::ConfigProblem;

/// Maximum total number of origins in the relying party's lists, and maximum number of origins in
/// `cors.allowed_origins`. Together with [`MAX_ORIGIN_CHARS`], it keeps challenges small: every challenge contains the
/// relying party's origins.
pub(super) const MAX_ORIGINS: usize = 32;
/// Maximum number of characters of an origin.
const MAX_ORIGIN_CHARS: usize = 256;

/// Text that says what is wrong with a setting and how to correct it.
pub(super) type Message = String;

#[derive(Default)]
pub(super) struct Problems(pub(super) Vec<ConfigProblem>);

impl Problems {
    pub(super) fn add(&mut self, field: impl Into<String>, checked: Result<(), Message>) {
        if let Err(message) = checked {
            self.0.push(ConfigProblem { field: field.into(), message });
        }
    }
}

pub(super) fn short_origin(text: &str) -> Result<(), Message> {
    if text.chars().count() <= MAX_ORIGIN_CHARS {
        return Ok(());
    }
    Err(format!("must have at most {MAX_ORIGIN_CHARS} characters"))
}
