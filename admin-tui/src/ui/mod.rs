//! Building blocks of screens and overlays: state that they share, drawing, keys and navigation.

mod canvas;
mod chart;
mod context;
mod details;
mod filter_input;
mod fuzzy;
mod keymap;
mod list;
mod marks;
mod merge;
mod page;
mod rights;
mod route;
mod selection;
mod table;
mod tabs;
mod text_input;
mod theme;

pub use canvas::{Canvas, ClickTarget, FrameInfo, Styled, below, columns, right_of, row, wrap};
pub use chart::spark_text;
pub use context::{Navigation, UpdateContext, UpdateOutput};
pub use details::{Detail, WIDE, age_cell, expiry_cell, refusal_tone, refusals_cell, split_details, tenant_cell};
pub use filter_input::{FILTER_KEYS, FilterInput};
pub use fuzzy::distance;
pub use keymap::{Binding, Command, Key, LIST_KEYS, bind, command_for, global_keys};
pub(crate) use list::pick;
pub use list::{LoadedPage, PagedList, Remote};
pub use marks::{Keyed, Marks};
pub use merge::{MergeField, Side};
pub use page::{Page, View};
pub use rights::Rights;
pub use route::{Action, Dialog, FormKind, MarkedObjects, Question, Route, Section, Undo};
pub use selection::Selection;
pub use table::{Cell, Column, cell};
pub use text_input::TextInput;
pub use theme::{Theme, Tone};
