//! The screens, each with what it shows and what it can do.

pub mod audit;
pub mod config;
pub mod overview;
pub mod tenant;
pub mod tenants;
pub mod tokens;
pub mod user;

use crate::{
    field::Field,
    keymap::{Binding, Command, Section},
    list::Cursor,
    message::{Reply, Target},
    model::Cx,
};

/// A screen.
#[derive(Debug, Clone)]
pub enum Screen {
    /// The installation at a glance.
    Overview(Box<overview::Overview>),
    /// The list of tenants.
    Tenants(Box<tenants::Tenants>),
    /// A tenant.
    Tenant(Box<tenant::Tenant>),
    /// A user.
    User(Box<user::User>),
    /// An audit log.
    Audit(Box<audit::Audit>),
    /// The admin tokens.
    Tokens(Box<tokens::Tokens>),
}

/// What every screen can do.
pub trait Page {
    /// Its part of the path.
    fn title(&self) -> String;

    /// What its keys do now, for a token that may change things or not.
    fn commands(&self, may_change: bool) -> Vec<Binding>;

    /// Does it.
    fn perform(&mut self, command: Command, cx: &mut Cx<'_>);

    /// Asks the server for what it shows: when it comes to the front, and when somebody wants it afresh.
    fn load(&mut self, cx: &mut Cx<'_>);

    /// Takes an answer, or gives it back when it is for somebody else.
    fn settle(&mut self, reply: Reply, cx: &mut Cx<'_>) -> Option<Reply>;

    /// Whether an answer is awaited that somebody may be waiting for.
    fn is_busy(&self) -> bool;

    /// Lets time pass, while it is in front.
    fn tick(&mut self, _cx: &mut Cx<'_>) {}

    /// The list in front, with its number of rows.
    fn list(&mut self) -> Option<(&mut Cursor, usize)> {
        None
    }

    /// After the selection moved.
    fn moved(&mut self, _cx: &mut Cx<'_>) {}

    /// Whether keys are text now: then only the screen's own keys are commands.
    fn is_editing(&self) -> bool {
        false
    }

    /// The line that is being written, when keys are text.
    fn field(&mut self) -> Option<&mut Field> {
        None
    }

    /// After the line changed.
    fn edited(&mut self, _cx: &mut Cx<'_>) {}

    /// Takes a click on something of its own.
    fn click(&mut self, _target: Target, _cx: &mut Cx<'_>) {}

    /// Changes that would be lost when it is left.
    fn unsaved(&self) -> Option<String> {
        None
    }
}

impl Screen {
    /// A section's first screen.
    #[must_use]
    pub fn root(section: Section) -> Self {
        match section {
            Section::Overview => Self::Overview(Box::default()),
            Section::Tenants => Self::Tenants(Box::default()),
            Section::Audit => Self::Audit(Box::default()),
            Section::Tokens => Self::Tokens(Box::default()),
        }
    }

    /// The screen as what every screen is.
    #[must_use]
    pub fn page(&self) -> &dyn Page {
        match self {
            Self::Overview(screen) => screen.as_ref(),
            Self::Tenants(screen) => screen.as_ref(),
            Self::Tenant(screen) => screen.as_ref(),
            Self::User(screen) => screen.as_ref(),
            Self::Audit(screen) => screen.as_ref(),
            Self::Tokens(screen) => screen.as_ref(),
        }
    }

    /// The screen as what every screen is.
    pub fn page_mut(&mut self) -> &mut dyn Page {
        match self {
            Self::Overview(screen) => screen.as_mut(),
            Self::Tenants(screen) => screen.as_mut(),
            Self::Tenant(screen) => screen.as_mut(),
            Self::User(screen) => screen.as_mut(),
            Self::Audit(screen) => screen.as_mut(),
            Self::Tokens(screen) => screen.as_mut(),
        }
    }
}
