//! Rules of all five ceremonies. A challenge can be used once, before it expires. It is bound to one ceremony and,
//! if the user is known, to one user. The tenant's policy at the time of the initialize request applies.

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
