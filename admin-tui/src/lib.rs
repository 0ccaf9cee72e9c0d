//! `doorward-admin`: administers Doorward from a terminal. Uses only the admin API.

pub mod api;
pub mod app;
pub mod args;
pub mod backend;
pub mod clock;
pub mod command;
pub mod connection;
pub mod effect;
mod effect_runner;
pub mod escape;
pub mod folders;
pub mod message;
pub mod model;
pub mod moment;
pub mod overlay;
pub mod screen;
pub mod secret;
pub mod terminal;
pub mod terminal_control;
pub mod ui;
pub mod update;
mod view;
pub mod when;
