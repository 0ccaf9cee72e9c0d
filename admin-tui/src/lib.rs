//! `doorward-admin`: Doorward's administration from a terminal, over the admin API alone.

pub mod api;
pub mod app;
pub mod args;
pub mod backend;
pub mod clock;
pub mod command;
pub mod connection;
pub mod effect;
pub mod escape;
pub mod field;
pub mod folders;
pub mod hands;
pub mod keymap;
pub mod list;
pub mod message;
pub mod model;
pub mod moment;
pub mod overlay;
pub mod screen;
pub mod search;
pub mod secret;
pub mod terminal;
pub mod update;
pub mod view;
pub mod when;
