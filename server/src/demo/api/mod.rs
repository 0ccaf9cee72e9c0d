//! Endpoints of the demo page. The arguments of a handler define who may call it: [`SignedIn`] and [`PasswordProven`]
//! admit only visitors in the named state. Handlers without these arguments admit everybody.

mod ceremony;
mod records;
mod sign_in;
mod visitor;

use std::sync::PoisonError;

use actix_web::web;
use jsonwebtoken::jwk::JwkSet;

use self::visitor::{PasswordProven, SignedIn, visitor};
use super::{reply::DemoError, request_log::RequestLog, state::Demo};
use crate::token_verifier::{self as token, Expected, VerifiedToken};

/// Time in milliseconds for which the tenant's public keys are cached. The header `Cache-Control` of the JWKS response
/// allows the same time.
const JWKS_MAX_AGE_MS: i64 = 600_000;

pub(super) fn routes(api: &mut web::ServiceConfig) {
    api.route("/state", web::get().to(sign_in::state))
        .route("/sign-up", web::post().to(sign_in::sign_up))
        .route("/sign-in", web::post().to(sign_in::sign_in))
        .route("/sign-out", web::post().to(sign_in::sign_out))
        .route("/second-factor/registration/initialize", web::post().to(ceremony::initialize_second_factor))
        .route("/second-factor/registration/finalize", web::post().to(ceremony::finalize_second_factor))
        .route("/second-factor/login/initialize", web::post().to(ceremony::initialize_second_factor_login))
        .route("/second-factor/login/finalize", web::post().to(ceremony::finalize_second_factor_login))
        .route("/passkey/registration/initialize", web::post().to(ceremony::initialize_passkey))
        .route("/passkey/registration/finalize", web::post().to(ceremony::finalize_passkey))
        .route("/passkey/login/initialize", web::post().to(ceremony::initialize_passkey_login))
        .route("/passkey/login/finalize", web::post().to(ceremony::finalize_passkey_login))
        .route("/payment/initialize", web::post().to(ceremony::initialize_payment))
        .route("/payment/finalize", web::post().to(ceremony::finalize_payment))
        .route("/credentials", web::get().to(records::credentials))
        .route("/credentials/{id}", web::patch().to(records::rename))
        .route("/credentials/{id}", web::delete().to(records::delete))
        .route("/audit", web::get().to(records::audit));
}

impl Demo {
    async fn keys_for(&self, log: &mut RequestLog, token: &str) -> Result<JwkSet, DemoError> {
        let cached = self.keys.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((fetched, keys)) = cached
            && fetched.plus_millis(JWKS_MAX_AGE_MS) > self.now()
            && token::key_id(token).is_some_and(|kid| keys.find(&kid).is_some())
        {
            return Ok(keys);
        }
        let keys = self.backend.jwks(log).await?;
        *self.keys.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((self.now(), keys.clone()));
        Ok(keys)
    }

    async fn verify(
        &self,
        log: &mut RequestLog,
        response: &serde_json::Value,
        expected: Expected<'_>,
    ) -> Result<VerifiedToken, DemoError> {
        let token = response.get("token").and_then(serde_json::Value::as_str);
        let token = token.ok_or_else(|| DemoError::unexpected("The response has no token"))?;
        let keys = self.keys_for(log, token).await?;
        token::verify(token, &keys, self.now(), expected)
            .map_err(|error| DemoError::new(401, "token_refused", "The token is not valid", &error.to_string()))
    }
}
