//! A small relying party that shows what Doorward does.
