//! Rules of all five ceremonies. A challenge can be used once, before it expires. It can be used only in the ceremony
//! and by the user for which it was created. The tenant's policy at the time of the initialize request applies.

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
