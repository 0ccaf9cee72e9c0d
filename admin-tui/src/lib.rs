//! `doorward-admin`: Doorward's administration from a terminal, over the admin API alone.

pub mod api;
pub mod connection;
pub mod escape;
