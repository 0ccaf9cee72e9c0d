//! `doorward-admin`: administers Doorward from a terminal. Uses only the admin API.

pub mod api;
pub mod app;
pub mod appearance;
pub mod args;
pub mod clock;
pub mod command;
pub mod config_diff;
pub mod connection;
pub mod effect;
mod effect_runner;
pub mod message;
pub mod model;
pub mod number_format;
pub mod overlay;
pub mod paths;
pub mod request;
pub mod sanitize;
pub mod screen;
pub mod secret;
pub mod terminal;
pub mod terminal_control;
pub mod time_format;
pub mod time_parse;
pub mod ui;
pub mod update;
mod view;
