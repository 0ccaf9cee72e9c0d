//! Tests of the module's public interface.

mod assertion;
mod attestation;
mod authenticator;
mod certificates;
mod client_data;
mod fixture;
mod metadata_blob;
mod options;
mod parse;
mod registration;
mod statements;
mod trust;
mod vectors;
