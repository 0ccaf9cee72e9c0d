//! Tests of the module's public interface.

mod assertion;
mod authenticator;
mod client_data;
mod fixture;
mod options;
mod parse;
mod registration;
mod statements;
mod vectors;
