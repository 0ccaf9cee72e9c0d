//! Measuring tools: `doorward-seed` fills an installation, `doorward-load` runs concurrent ceremonies against a server,
//! and `doorward-figures` measures the figures of docs/performance.md. The server and the terminal app do not use them.

pub mod load;
pub mod report;
pub mod seed;
