//! Tests of the module's public interface.

mod assertion;
mod attestation;
mod authenticator;
mod certificates;
mod client_data;
mod fixture;
mod options;
mod parse;
mod registration;
mod statements;
mod vectors;
