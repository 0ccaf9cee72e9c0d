//! What holds of all five ceremonies: a challenge is used once, in its own ceremony, in time, by its own user, with the
//! policy of its first step.

mod between;
mod binding;
mod expiry;
mod once;
mod restart;
