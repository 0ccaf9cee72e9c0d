//! Rules of all five ceremonies: a challenge is used once, in its own ceremony, before it expires, by its own user, and
//! with the policy of the first step.

mod between;
mod binding;
mod exactly_once;
mod expiry;
mod restart;
