//! The application's own sign-in: a name and a password, as it was before passkeys.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{
        Demo,
        account::{self, Account, PRESET_NAME, PRESET_PASSWORD, PasswordHash},
        backend::Trail,
        reply::{DemoError, Done, answer},
        session::{self, Stage},
    },
    visitor,
};
use crate::clock::random;

#[derive(Deserialize)]
pub(super) struct NameAndPassword {
    username: String,
    password: String,
}

/// Who the visitor is, and where the page's Doorward is.
pub(super) async fn state(demo: web::Data<Demo>, request: HttpRequest) -> HttpResponse {
    answer(async |_| {
        let session = visitor(&request).map(|(_, session)| {
            let username = demo.accounts.with_id(&session.user_id).map(|account| account.username);
            json!({ "user_id": session.user_id, "username": username, "stage": session.stage })
        });
        let config = &demo.config;
        Ok(Done::with(json!({
            "session": session,
            "public_url": config.public_url,
            "tenant_id": config.tenant_id,
            "origin": config.origin,
            "rp_id": config.rp_id,
            "preset": { "username": PRESET_NAME, "password": PRESET_PASSWORD },
        })))
    })
    .await
}

/// Makes an account and signs its owner in.
pub(super) async fn sign_up(
    demo: web::Data<Demo>,
    request: HttpRequest,
    body: web::Json<NameAndPassword>,
) -> HttpResponse {
    answer(async |_| {
        let NameAndPassword { username, password } = body.into_inner();
        let username = account::valid_username(&username)?;
        account::valid_password(&password)?;
        let salt = random(demo.entropy.as_ref())?;
        let hashed = web::block(move || PasswordHash::make(&password, salt)).await;
        let Ok(Ok(password)) = hashed else { return Err(DemoError::internal()) };
        let user_id = account::new_user_id(demo.entropy.as_ref())?;
        demo.accounts.add(Account { user_id: user_id.clone(), username, password })?;
        enter(&demo, &request, &user_id, Stage::Password)
    })
    .await
}

/// Checks the password. An account with a second factor is only half-way in after it.
pub(super) async fn sign_in(
    demo: web::Data<Demo>,
    request: HttpRequest,
    body: web::Json<NameAndPassword>,
) -> HttpResponse {
    answer(async |trail| {
        let NameAndPassword { username, password } = body.into_inner();
        let username = username.trim().to_lowercase();
        let hash = demo.accounts.hash_of(&username);
        let right = web::block(move || hash.matches(&password)).await.map_err(|_| DemoError::internal())?;
        let Some(account) = demo.accounts.named(&username).filter(|_| right) else {
            return Err(DemoError::new(401, "password_wrong", "Name or password is wrong", ""));
        };
        let stage = if has_second_factor(&demo, trail, &account.user_id).await? {
            Stage::AwaitingSecondFactor
        } else {
            Stage::Password
        };
        enter(&demo, &request, &account.user_id, stage)
    })
    .await
}

/// Ends the session.
pub(super) async fn sign_out(demo: web::Data<Demo>, request: HttpRequest) -> HttpResponse {
    answer(async |_| {
        if let Some((id, _)) = visitor(&request) {
            demo.sessions.close(&id);
        }
        Ok(Done::with(Value::Null).and_cookie(session::no_cookie()))
    })
    .await
}

/// Opens a session under a new id, in place of the visitor's earlier one.
pub(super) fn enter(demo: &Demo, request: &HttpRequest, user_id: &str, stage: Stage) -> Result<Done, DemoError> {
    if let Some((id, _)) = visitor(request) {
        demo.sessions.close(&id);
    }
    let id = demo.sessions.open(demo.entropy.as_ref(), demo.now(), user_id, stage)?;
    Ok(Done::with(json!({ "stage": stage })).and_cookie(session::cookie(&id)))
}

/// Doorward knows which credentials are second factors; an application may also keep a note of its own.
/// When it cannot be asked, nobody gets in: a failure here must not make the second factor optional.
async fn has_second_factor(demo: &Demo, trail: &mut Trail, user_id: &str) -> Result<bool, DemoError> {
    let credentials = demo.credentials_of(trail, user_id).await?;
    Ok(credentials.iter().any(|credential| credential.is_mfa))
}
