//! The OpenAPI documents in `docs/openapi`. A test compares them with documents that it generates from the handlers and
//! the wire types. The program therefore contains no generator, and reviewers see each change of the documents.

use std::{collections::HashMap, io::Read, sync::LazyLock};

use flate2::read::GzDecoder;
use serde::Deserialize;

use crate::http::extract::Parameter;

#[cfg(test)]
mod common;
#[cfg(test)]
mod generate;
#[cfg(test)]
mod nulls;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    Public,
    Admin,
}

/// The stored documents, compressed by `build.rs`.
const PUBLIC: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/public.json.gz"));
const ADMIN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/admin.json.gz"));

/// A document: its text, and its parsed parameters, which the routes use.
struct Document {
    text: String,
    content: Content,
}

#[derive(Deserialize, Default)]
struct Content {
    /// Operations by path, and then by method in lower case.
    paths: HashMap<String, HashMap<String, Operation>>,
}

#[derive(Deserialize)]
struct Operation {
    #[serde(default)]
    parameters: Vec<Declared>,
}

/// A parameter, or a reference to a shared parameter, such as the id in a path. A reference has none of the members
/// below.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Declared {
    name: String,
    #[serde(rename = "in")]
    place: String,
    schema: ParameterSchema,
}

#[derive(Deserialize, Default)]
struct ParameterSchema {
    #[serde(rename = "type", default)]
    kind: serde_json::Value,
}

static DOCUMENTS: LazyLock<[Document; 2]> = LazyLock::new(|| [read(PUBLIC), read(ADMIN)]);

/// Decompresses and parses a document. This cannot fail, because `build.rs` compressed the document, and a test
/// compares the document with generated JSON.
fn read(compressed: &[u8]) -> Document {
    let mut text = String::new();
    let _ = GzDecoder::new(compressed).read_to_string(&mut text);
    Document { content: serde_json::from_str(&text).unwrap_or_default(), text }
}

fn of(api: Api) -> &'static Document {
    let [public, admin] = &*DOCUMENTS;
    match api {
        Api::Public => public,
        Api::Admin => admin,
    }
}

pub fn document(api: Api) -> &'static str {
    &of(api).text
}

/// Returns the query parameters of an operation.
pub fn query_parameters(api: Api, method: &str, path: &str) -> Vec<Parameter> {
    let operations = of(api).content.paths.get(path);
    let operation = operations.and_then(|operations| operations.get(&method.to_lowercase()));
    let declared = operation.map(|operation| operation.parameters.iter()).into_iter().flatten();
    let query = declared.filter(|declared| declared.place == "query");
    let parameter =
        |declared: &Declared| Parameter { name: declared.name.clone(), repeatable: declared.schema.kind == "array" };
    query.map(parameter).collect()
}

#[cfg(test)]
mod tests;
