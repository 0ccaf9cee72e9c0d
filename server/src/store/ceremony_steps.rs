//! What a step of a login, second-factor login or transaction reads or writes, as one statement. On PostgreSQL, each step
//! therefore takes at most three round trips: one to read, one to write, and one to commit.

mod read;
mod write;

pub use self::{
    read::{FindAssertion, FindUser, FoundAssertion},
    write::{Finish, Finished, Start},
};
