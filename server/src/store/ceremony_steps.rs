//! Statements for the steps of logins, second-factor logins and transactions. Each step reads with one statement and
//! writes with one statement. On PostgreSQL, a step therefore takes at most three round trips: one to read, one to
//! write, and one to commit.

mod read;
mod write;

pub use self::{
    read::{FindAssertion, FindUser, FoundAssertion},
    write::{Finish, Finished, Start},
};
