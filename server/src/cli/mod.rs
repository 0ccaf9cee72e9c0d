//! The commands of the `doorward` binary.
