//! Removes `null` from the schemas of members that responses leave out when they have no value.
//!
//! utoipa describes every `Option` as nullable. Generated clients would then handle a `null` that no response contains.

use utoipa::openapi::{
    AllOf, OneOf, RefOr, Schema,
    schema::{AdditionalProperties, AnyOf, ArrayItems, Components, Object, SchemaType, Type},
};

/// Optional members that can be `null`, by schema. In these members, `null` and a missing member have different
/// meanings.
pub(super) const NULLABLE: &[(&str, &str)] = &[
    ("AcrNames", "aal1"),
    ("AcrNames", "aal2"),
    ("AcrNames", "aal3"),
    ("Limits", "credentials_per_user"),
    ("Limits", "transaction_data_bytes"),
    ("Mfa", "attachment"),
    ("Mfa", "challenge_lifetime"),
    ("Mfa", "hints"),
    ("RelyingParty", "related_origins"),
    ("RelyingParty", "top_origins"),
    ("TenantConfig", "acr"),
    ("TenantConfig", "limits"),
    ("TenantConfig", "mfa"),
    ("TenantConfig", "trust"),
    ("TrustPolicies", "passkeys"),
    ("TrustPolicies", "second_factors"),
    ("TrustPolicy", "algorithms"),
    ("TrustPolicy", "allow_aaguids"),
    ("TrustPolicy", "attestation_required"),
    ("TrustPolicy", "deny_aaguids"),
    ("TrustPolicy", "deny_statuses"),
    ("TrustPolicy", "device_bound_only"),
    ("TrustPolicy", "login"),
    ("TrustPolicy", "min_certification"),
    ("TrustPolicy", "registration"),
    ("Webauthn", "algorithms"),
    ("Webauthn", "allowed_extensions"),
    ("Webauthn", "attestation_formats"),
    ("Webauthn", "backup_eligibility_change"),
    ("Webauthn", "challenge_lifetime"),
    ("Webauthn", "counter_policy"),
    ("Webauthn", "exclude_credentials"),
    ("Webauthn", "extensions"),
    ("Webauthn", "hints"),
    ("Webauthn", "keep_attestation"),
    ("Webauthn", "token_audience"),
];

/// Removes `null` from all schemas. Required members and the members in [`NULLABLE`] stay nullable.
pub(super) fn remove(components: &mut Components) {
    for (name, schema) in &mut components.schemas {
        if let RefOr::T(schema) = schema {
            remove_from(name, schema);
        }
    }
}

/// Removes `null` from the members of a schema and of its parts. `name` is the component's name, as in [`NULLABLE`].
fn remove_from(name: &str, schema: &mut Schema) {
    match schema {
        Schema::Object(object) => remove_from_object(name, object),
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                not_null(items);
            }
        }
        Schema::OneOf(OneOf { items, .. })
        | Schema::AllOf(AllOf { items, .. })
        | Schema::AnyOf(AnyOf { items, .. }) => {
            for part in items {
                if let RefOr::T(part) = part {
                    remove_from(name, part);
                }
            }
        }
        _ => {}
    }
}

fn remove_from_object(name: &str, object: &mut Object) {
    let Object { required, properties, additional_properties, .. } = object;
    for (member, schema) in properties.iter_mut() {
        if !required.contains(member) && !NULLABLE.contains(&(name, member.as_str())) {
            not_null(schema);
        }
    }
    if let Some(AdditionalProperties::RefOr(schema)) = additional_properties.as_deref_mut() {
        not_null(schema);
    }
}

/// Removes `null` from the values that a schema allows.
pub(super) fn not_null(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::OneOf(one)) => {
            one.items.retain(|item| !is_null(item));
            if one.items.len() == 1
                && let Some(only) = one.items.pop()
            {
                *schema = only;
            }
        }
        RefOr::T(Schema::Object(object)) => single_type(&mut object.schema_type),
        RefOr::T(Schema::Array(array)) => {
            single_type(&mut array.schema_type);
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                not_null(items);
            }
        }
        _ => {}
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null))
}

fn single_type(kind: &mut SchemaType) {
    if let SchemaType::Array(types) = kind {
        types.retain(|kind| *kind != Type::Null);
        if let [only] = types.as_slice() {
            *kind = SchemaType::Type(only.clone());
        }
    }
}
