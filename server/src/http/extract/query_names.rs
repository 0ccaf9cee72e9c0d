//! Checks the names of query parameters after the caller was authenticated.

use actix_web::HttpRequest;

use super::query::Query;
use crate::{
    domain::json_reader::{shown, unknown_member},
    http::ApiError,
    service::Refusal,
};

/// A query parameter of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    pub name: String,
    pub repeatable: bool,
}

/// The query parameters that the operations on one path accept, by method. The route table attaches them to the path.
#[derive(Debug, Clone, Default)]
pub struct PathParameters(pub Vec<(&'static str, Vec<Parameter>)>);

impl PathParameters {
    fn of<'a>(&'a self, request: &HttpRequest) -> &'a [Parameter] {
        let method = match request.method().as_str() {
            "HEAD" => "GET",
            method => method,
        };
        self.0.iter().find(|(known, _)| *known == method).map_or(&[], |(_, parameters)| parameters)
    }
}

/// Refuses repeated parameters that may occur only once. If one of the values were ignored, the result would not match
/// the request.
pub(super) fn refuse_repeated(request: &HttpRequest) -> Result<(), ApiError> {
    check(request, |_, _| Ok(()))
}

/// Like [`refuse_repeated`], but also refuses unknown parameters, such as a misspelt filter.
pub(super) fn refuse_unknown(request: &HttpRequest) -> Result<(), ApiError> {
    check(request, |name, known| {
        let known: Vec<&str> = known.iter().map(|parameter| parameter.name.as_str()).collect();
        Err(Refusal::UnknownParameter(format!("{} {}", shown(name), unknown_member(name, &known))).into())
    })
}

fn check(request: &HttpRequest, unknown: impl Fn(&str, &[Parameter]) -> Result<(), ApiError>) -> Result<(), ApiError> {
    if request.query_string().is_empty() {
        return Ok(());
    }
    let known = request.app_data::<PathParameters>().map_or(&[][..], |path| path.of(request));
    let query = Query::parse(request.query_string());
    for (name, _) in query.pairs() {
        match known.iter().find(|parameter| parameter.name == *name) {
            Some(parameter) if !parameter.repeatable && query.all(name).count() > 1 => {
                return Err(ApiError::query(format!("{name} must not be repeated")));
            }
            Some(_) => {}
            None => unknown(name, known)?,
        }
    }
    Ok(())
}
