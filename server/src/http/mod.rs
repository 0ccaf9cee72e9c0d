//! The HTTP layer: extracts the arguments, calls a service and responds. The layers below do not use actix-web.

pub mod error;
pub mod extract;
pub mod handlers;
pub mod json;
pub mod middleware;
pub mod openapi;
pub mod pages;
pub mod parameters;
pub mod responses;

pub use error::{ApiError, Operation};
pub use extract::{
    Administrator, Auditor, Body, DocumentReader, IfMatch, KeyHolder, MetricsReader, PathParameters, Query, Visitor,
    path_tenant,
};
