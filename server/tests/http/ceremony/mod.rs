//! Rules of all five ceremonies: a challenge can be used once, in its own ceremony, before it expires, and by its own
//! user. The tenant's policy at the initialize request applies.

mod between;
mod binding;
mod disabled;
mod exactly_once;
mod expiry;
mod extras;
mod min_acr;
mod origins;
mod refusal_detail;
mod restart;
