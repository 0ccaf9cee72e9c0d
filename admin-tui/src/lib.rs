//! `doorward-admin`: administers Doorward from a terminal, through the admin API only.

pub mod api;
pub mod app;
pub mod args;
pub mod clock;
pub mod command;
pub mod connection;
pub mod effect;
pub mod field;
pub mod hands;
pub mod keymap;
pub mod list;
pub mod message;
pub mod model;
pub mod overlay;
pub mod paths;
pub mod request;
pub mod sanitize;
pub mod screen;
pub mod search;
pub mod secret;
pub mod terminal;
pub mod time_format;
pub mod time_parse;
pub mod update;
pub mod view;

// Former names, until the screens use the new ones.
#[doc(hidden)]
pub mod backend {
    pub use crate::{
        api::AUDIT_PAGE_SIZE as AUDIT_SLICE,
        request::{
            ApiBackend as Admin, AuditPosition as AuditAt, BackendRequest as Call, BackendResponse as Answer,
            ExportRequest as Export,
        },
    };
}
#[doc(hidden)]
pub mod escape {
    pub use crate::sanitize::{needs_escape as is_hidden, pad, sanitize as visible, truncate as fit, width};
}
#[doc(hidden)]
pub mod folders {
    pub use crate::paths::BaseFolders as Folders;
}
#[doc(hidden)]
pub mod when {
    pub use crate::{
        time_format::{ago, date, date_time as full, duration as span, month_day, time_of_day as clock},
        time_parse::{parse_expiry as expiry, parse_past as moment},
    };
}
