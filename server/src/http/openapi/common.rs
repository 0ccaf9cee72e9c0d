//! Parts that all operations have: operation ids, path parameters, response headers, the `default` response (other
//! errors).

use utoipa::{
    Modify,
    openapi::{
        Content, Object, ObjectBuilder, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
        ServerBuilder,
        header::{Header, HeaderBuilder},
        path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem},
        request_body::RequestBody,
        schema::{Components, KnownFormat, SchemaFormat, Type},
    },
};

use super::nulls;

/// Response headers: name of the component, name of the header, type, description.
const HEADERS: &[(&str, &str, Type, &str)] = &[
    ("RequestId", "X-Request-Id", Type::String, "id of the request, also in the server's log and in the audit entry"),
    ("RetryAfter", "Retry-After", Type::Integer, "with 429 and 503: seconds to wait before the next attempt"),
    ("TotalCount", "X-Total-Count", Type::Integer, "number of rows in the whole list; absent on pages by cursor"),
    (
        "TotalCountRelation",
        "X-Total-Count-Relation",
        Type::String,
        "`gte` if `X-Total-Count` is a lower bound; otherwise absent",
    ),
    (
        "Links",
        "Link",
        Type::String,
        "links to other pages (RFC 8288): `first`, `last`, `next`, `prev`, where they exist",
    ),
];

/// Adds the parts of a document that utoipa's attributes cannot express.
pub(super) struct CommonParts;

impl Modify for CommonParts {
    fn modify(&self, document: &mut OpenApi) {
        let server = ServerBuilder::new().url("/").description(Some("the server of this document"));
        document.servers = Some(vec![server.build()]);
        let components = document.components.get_or_insert_with(Default::default);
        nulls::remove(components);
        for (component, _, kind, description) in HEADERS {
            let schema = ObjectBuilder::new().schema_type(kind.clone()).build();
            let header = HeaderBuilder::new().schema(Some(schema)).description(Some(*description)).build();
            components.headers.insert((*component).to_owned(), RefOr::T(header));
        }
        for (path, item) in &mut document.paths.paths {
            for (method, operation) in operations(item) {
                complete(method, path, operation, components);
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    let methods = [("get", get), ("put", put), ("post", post), ("delete", delete), ("patch", patch)];
    methods.into_iter().filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

fn complete(method: &str, path: &str, operation: &mut Operation, components: &Components) {
    operation.operation_id = Some(operation_id(method, path));
    operation.parameters = parameters(path, operation.parameters.take().unwrap_or_default());
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        for content in body.content.values_mut() {
            if let RefOr::T(Content { schema: Some(schema), .. }) = content {
                nulls::not_null(schema);
            }
        }
        body.required = Some(if needs_members(body, components) { Required::True } else { Required::False });
    }
    let other = ResponseBuilder::new()
        .description("other errors: limits (408, 413, 429), internal error (500), overload (503)")
        .content("application/json", Content::new(Some(Ref::from_schema_name("ErrorBody"))));
    operation.responses.responses.insert("default".to_owned(), RefOr::T(other.build()));

    let has = |name: &str| has_query_parameter(operation, name);
    let (numbered, bounded) = (has("page"), has("page") && has("after"));
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        add_header(response, "RequestId");
        match status.as_str() {
            "default" | "429" | "503" => add_header(response, "RetryAfter"),
            "200" if numbered => {
                add_header(response, "TotalCount");
                add_header(response, "Links");
                if bounded {
                    add_header(response, "TotalCountRelation");
                }
            }
            _ => {}
        }
    }
}

/// Joins the method and the words of the path with `-`, as in `post-mfa-login-finalize`. Variable segments are left
/// out, except at the end of the path, because a list and one of its rows need different operation ids.
fn operation_id(method: &str, path: &str) -> String {
    let last = path.rsplit('/').next().unwrap_or_default();
    let kept = path.split('/').filter(|segment| !segment.starts_with('{') || *segment == last);
    let words = kept.flat_map(|segment| segment.split(|symbol: char| !symbol.is_ascii_alphanumeric()));
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    let words = if words.is_empty() { vec!["root"] } else { words };
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("-")
}

/// Returns whether a body has required members. Other bodies can be omitted, because an empty body means `{}`.
fn needs_members(body: &RequestBody, components: &Components) -> bool {
    let schemas = body.content.values().filter_map(|content| match content {
        RefOr::T(content) => content.schema.as_ref(),
        RefOr::Ref(_) => None,
    });
    schemas.into_iter().any(|schema| match resolve(schema, components) {
        Some(Schema::Object(Object { required, .. })) => !required.is_empty(),
        _ => true,
    })
}

fn resolve<'a>(schema: &'a RefOr<Schema>, components: &'a Components) -> Option<&'a Schema> {
    match schema {
        RefOr::T(schema) => Some(schema),
        RefOr::Ref(reference) => {
            let name = reference.ref_location.rsplit('/').next()?;
            match components.schemas.get(name)? {
                RefOr::T(schema) => Some(schema),
                RefOr::Ref(_) => None,
            }
        }
    }
}

fn has_query_parameter(operation: &Operation, name: &str) -> bool {
    let parameters = operation.parameters.iter().flatten();
    parameters.into_iter().any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.name == name))
}

fn add_header(response: &mut Response, component: &str) {
    if let Some((_, header, ..)) = HEADERS.iter().find(|(name, ..)| *name == component) {
        let reference: RefOr<Header> = RefOr::Ref(Ref::new(format!("#/components/headers/{component}")));
        response.headers.insert((*header).to_owned(), reference);
    }
}

/// Returns the parameters of an operation: first the parameters of its path that are missing from `declared`, then the
/// declared parameters without `null` in their types. `None` if there are no parameters.
fn parameters(path: &str, mut declared: Vec<RefOr<Parameter>>) -> Option<Vec<RefOr<Parameter>>> {
    for parameter in &mut declared {
        if let RefOr::T(Parameter { schema: Some(schema), .. }) = parameter {
            nulls::not_null(schema);
        }
    }
    let is_declared = |name: &str| declared.iter().any(|known| matches!(known, RefOr::T(known) if known.name == name));
    let names = path.split('{').skip(1).filter_map(|part| part.split('}').next());
    let missing = names.filter(|name| !is_declared(name)).map(|name| RefOr::T(path_parameter(name)));
    let all: Vec<_> = missing.chain(declared.iter().cloned()).collect();
    (!all.is_empty()).then_some(all)
}

fn path_parameter(name: &str) -> Parameter {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let (description, schema): (_, RefOr<Schema>) = match name {
        "tenant_id" => ("the tenant", Ref::from_schema_name("TenantId").into()),
        "user_id" => {
            ("user id (the application's own id for the user), or Doorward's id", text().min_length(Some(1)).into())
        }
        "credential_id" => ("the credential's id, base64url", Ref::from_schema_name("Base64Url").into()),
        _ => ("the id of the key or token", text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid))).into()),
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}
