//! Password sign-in, which the application already had before it added passkeys.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{
        account::{self, Account, PRESET_NAME, PRESET_PASSWORD, PasswordHash},
        reply::{DemoError, Outcome, respond},
        request_log::RequestLog,
        session::{self, Stage},
        state::Demo,
    },
    visitor,
};
use crate::clock::random;

#[derive(Deserialize)]
pub(super) struct NameAndPassword {
    username: String,
    password: String,
}

/// Returns the visitor's session and the settings that the page shows.
pub(super) async fn state(demo: web::Data<Demo>, request: HttpRequest) -> HttpResponse {
    respond(async |_| {
        let session = visitor(&request).map(|(_, session)| {
            let username = demo.accounts.with_id(&session.user_id).map(|account| account.username);
            json!({ "user_id": session.user_id, "username": username, "stage": session.stage })
        });
        let config = &demo.config;
        Ok(Outcome::new(json!({
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

pub(super) async fn sign_up(
    demo: web::Data<Demo>,
    request: HttpRequest,
    body: web::Json<NameAndPassword>,
) -> HttpResponse {
    respond(async |_| {
        let NameAndPassword { username, password } = body.into_inner();
        let username = account::valid_username(&username)?;
        account::valid_password(&password)?;
        let salt = random(demo.entropy.as_ref())?;
        let hashed = web::block(move || PasswordHash::new(&password, salt)).await;
        let Ok(Ok(password)) = hashed else { return Err(DemoError::internal()) };
        let user_id = account::new_user_id(demo.entropy.as_ref())?;
        demo.accounts.add(Account { user_id: user_id.clone(), username, password }, demo.entropy.as_ref())?;
        open_session(&demo, &request, &user_id, Stage::Password)
    })
    .await
}

/// Checks the password. If the account has a second factor, the session is limited until the visitor has used it.
pub(super) async fn sign_in(
    demo: web::Data<Demo>,
    request: HttpRequest,
    body: web::Json<NameAndPassword>,
) -> HttpResponse {
    respond(async |log| {
        let NameAndPassword { username, password } = body.into_inner();
        let username = username.trim().to_lowercase();
        let hash = demo.accounts.hash_of(&username);
        let matches = web::block(move || hash.matches(&password)).await.map_err(|_| DemoError::internal())?;
        let Some(account) = demo.accounts.named(&username).filter(|_| matches) else {
            return Err(DemoError::new(401, "password_wrong", "Name or password is wrong", ""));
        };
        let stage = if has_second_factor(&demo, log, &account.user_id).await? {
            Stage::AwaitingSecondFactor
        } else {
            Stage::Password
        };
        open_session(&demo, &request, &account.user_id, stage)
    })
    .await
}

pub(super) async fn sign_out(demo: web::Data<Demo>, request: HttpRequest) -> HttpResponse {
    respond(async |_| {
        if let Some((id, _)) = visitor(&request) {
            demo.sessions.close(&id);
        }
        Ok(Outcome::new(Value::Null).with_cookie(session::expired_cookie()))
    })
    .await
}

/// Opens a session with a new id and closes the visitor's previous one.
pub(super) fn open_session(
    demo: &Demo,
    request: &HttpRequest,
    user_id: &str,
    stage: Stage,
) -> Result<Outcome, DemoError> {
    if let Some((id, _)) = visitor(request) {
        demo.sessions.close(&id);
    }
    let id = demo.sessions.open(demo.entropy.as_ref(), demo.now(), user_id, stage)?;
    Ok(Outcome::new(json!({ "stage": stage })).with_cookie(session::cookie(&id)))
}

/// Asks Doorward whether the user has a second factor. Applications may also store this themselves.
///
/// If the request to Doorward fails, the sign-in is refused, because a failure must not make the second factor
/// optional.
async fn has_second_factor(demo: &Demo, log: &mut RequestLog, user_id: &str) -> Result<bool, DemoError> {
    let credentials = demo.credentials_of(log, user_id).await?;
    Ok(credentials.iter().any(|credential| credential.is_mfa))
}
