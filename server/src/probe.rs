//! The ceremonies, done with a software authenticator against a running server.
