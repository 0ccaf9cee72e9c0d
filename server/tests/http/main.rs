//! The public API, over real sockets, with software authenticators.

mod hostile;
mod mfa;
