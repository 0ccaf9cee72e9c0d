//! The only door to webauthn-rs.
