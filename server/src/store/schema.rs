//! Diesel's description of the tables, the same for both engines.

diesel::table! { installation (name) { name -> Text, value -> Text, } }

diesel::table! {
    admin_tokens (id) {
        id -> Text, name -> Text, role -> Text, hint -> Text, secret_hash -> Text, tenants -> Nullable<Text>, created_at -> BigInt,
        expires_at -> Nullable<BigInt>, last_used_at -> Nullable<BigInt>, revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    tenants (id) {
        id -> Text, display_name -> Text, config -> Text, created_at -> BigInt, updated_at -> BigInt,
        disabled_at -> Nullable<BigInt>, state_version -> BigInt, deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    api_keys (tenant_id, id) {
        tenant_id -> Text, id -> Text, name -> Text, hint -> Text, secret_hash -> Text, secret_digest -> Nullable<Text>,
        created_at -> BigInt, expires_at -> Nullable<BigInt>, last_used_at -> Nullable<BigInt>, disabled_at -> Nullable<BigInt>,
        state_version -> BigInt, revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    signing_keys (tenant_id, id) {
        tenant_id -> Text, id -> Text, algorithm -> Text, public_jwk -> Text, sealed_private_key -> Binary,
        created_at -> BigInt, signs_from -> BigInt, retired_at -> Nullable<BigInt>,
        withdrawn_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    users (tenant_id, id) {
        tenant_id -> Text, id -> Text, external_id -> Text, name -> Text, display_name -> Text, icon -> Text,
        created_at -> BigInt, updated_at -> BigInt, disabled_at -> Nullable<BigInt>, state_version -> BigInt,
        deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    credentials (tenant_id, id) {
        tenant_id -> Text, id -> Text, user_id -> Text, name -> Text, public_key -> Binary,
        algorithm -> Text, attestation_format -> Text, attestation_trust -> Text, attestation_key_id -> Nullable<Text>, aaguid -> Text,
        sign_count -> BigInt, transports -> Text,
        backup_eligible -> Bool, backup_state -> Bool, is_mfa -> Bool, user_verified -> Bool, discoverable -> Nullable<Bool>,
        last_used_at -> Nullable<BigInt>, created_at -> BigInt, updated_at -> BigInt,
        disabled_at -> Nullable<BigInt>, state_version -> BigInt, user_disabled_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    challenges (tenant_id, value) {
        tenant_id -> Text, value -> Text, ceremony -> Text, user_id -> Nullable<Text>,
        transaction_id -> Nullable<Text>, state -> Text, created_at -> BigInt, expires_at -> BigInt,
    }
}

diesel::table! {
    redeemed_tokens (tenant_id, jti) { tenant_id -> Text, jti -> Text, expires_at -> BigInt, }
}

diesel::table! {
    transactions (tenant_id, id) {
        tenant_id -> Text, id -> Text, identifier -> Text, user_id -> Text, data -> Text, created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    audit_logs (tenant_id, id) {
        tenant_id -> Text, id -> Text,
        #[sql_name = "type"]
        kind -> Text,
        error -> Nullable<Text>, error_code -> Nullable<Text>, request_id -> Text, source_ip -> Text,
        user_agent -> Text, actor -> Nullable<Text>, credential_id -> Nullable<Text>,
        transaction_id -> Nullable<Text>, api_key_id -> Nullable<Text>, detail -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    audit_counts (tenant_id, day, kind, shard) {
        tenant_id -> Text, day -> BigInt,
        #[sql_name = "type"]
        kind -> Text,
        shard -> SmallInt, count -> BigInt,
    }
}

diesel::table! {
    tenant_summaries (tenant_id) {
        tenant_id -> Text, name_key -> Text, rp_id -> Text, created_at -> BigInt, users -> BigInt, credentials -> BigInt,
        api_keys -> BigInt, last_activity -> BigInt,
    }
}

diesel::table! {
    attestations (tenant_id, credential_id) {
        tenant_id -> Text, credential_id -> Text, judged_with -> BigInt, client_data_hash -> Binary,
        attestation_object -> Binary,
    }
}

diesel::table! { metadata_entries (id) { id -> Text, description -> Text, reports -> Text, roots -> Text, } }

diesel::table! { metadata_roots (fingerprint) { fingerprint -> Text, certificate -> Binary, } }

diesel::allow_tables_to_appear_in_same_query!(tenants, challenges, transactions, credentials, users);
diesel::allow_tables_to_appear_in_same_query!(attestations, credentials);
diesel::allow_tables_to_appear_in_same_query!(tenants, tenant_summaries);
