//! Query strings. `query_names.rs` checks the names of the parameters.

use std::{
    convert::Infallible,
    future::{Ready, ready},
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};

use crate::http::ApiError;

/// The decoded name-value pairs of a query string, in order.
#[derive(Debug, Clone, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    pub fn parse(text: &str) -> Self {
        Self(url::form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// Returns the first value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns all values of a parameter; comma-separated values are split.
    pub fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .flat_map(|(_, value)| value.split(','))
            .map(str::trim)
            .filter(|value| !value.is_empty())
    }

    /// Checks that no value contains U+0000, which PostgreSQL does not accept. Extraction does not check this, because
    /// its errors are returned before the caller's key is verified.
    pub fn check(&self) -> Result<(), ApiError> {
        match self.0.iter().find(|(_, value)| value.contains('\0')) {
            Some((name, _)) => Err(ApiError::query(format!("{name} must not contain U+0000"))),
            None => Ok(()),
        }
    }

    /// Returns a copy of the query in which `value` is the only value of the parameter `name`.
    pub fn with(&self, name: &str, value: String) -> Self {
        let others = self.0.iter().filter(|(key, _)| key != name).cloned();
        Self(others.chain([(name.to_owned(), value)]).collect())
    }

    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

impl FromRequest for Query {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::parse(request.query_string())))
    }
}
