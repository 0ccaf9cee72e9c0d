//! What lies over a screen and takes the keys until it is closed.

pub mod confirm;
pub mod form;
pub mod forms;
pub mod help;
pub mod palette;
pub mod secret;
pub mod types;

pub use confirm::Confirm;
pub use form::Form;
pub use help::Help;
pub use palette::Palette;
pub use secret::SecretOnce;
pub use types::Types;

use crate::screen::Page;

/// A dialog.
#[derive(Debug)]
pub enum Overlay {
    /// What works here.
    Help(Help),
    /// Commands by their words.
    Palette(Palette),
    /// A question before something that cannot be undone.
    Confirm(Box<Confirm>),
    /// Fields to fill in.
    Form(Box<Form>),
    /// A secret, shown once.
    Secret(Box<SecretOnce>),
    /// Types of audit entries to choose from.
    Types(Box<Types>),
}

impl Overlay {
    /// The dialog as what screens are, too.
    #[must_use]
    pub fn page(&self) -> &dyn Page {
        match self {
            Self::Help(dialog) => dialog,
            Self::Palette(dialog) => dialog,
            Self::Confirm(dialog) => dialog.as_ref(),
            Self::Form(dialog) => dialog.as_ref(),
            Self::Secret(dialog) => dialog.as_ref(),
            Self::Types(dialog) => dialog.as_ref(),
        }
    }

    /// The dialog as what screens are, too.
    pub fn page_mut(&mut self) -> &mut dyn Page {
        match self {
            Self::Help(dialog) => dialog,
            Self::Palette(dialog) => dialog,
            Self::Confirm(dialog) => dialog.as_mut(),
            Self::Form(dialog) => dialog.as_mut(),
            Self::Secret(dialog) => dialog.as_mut(),
            Self::Types(dialog) => dialog.as_mut(),
        }
    }
}
