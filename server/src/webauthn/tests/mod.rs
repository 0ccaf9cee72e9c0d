//! Tests of the module's public face.

mod fixture;
mod vectors;
