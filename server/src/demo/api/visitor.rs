//! The visitor who sent a request, identified by the session id in the cookie.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};

use super::super::{
    reply::DemoError,
    session::{self, Session, Stage},
    state::Demo,
};

pub(super) struct SignedIn {
    pub(super) id: String,
    pub(super) session: Session,
}

/// A visitor who entered the correct password and must still prove the second factor.
pub(super) struct PasswordProven {
    pub(super) id: String,
    pub(super) session: Session,
}

pub(super) fn visitor(request: &HttpRequest) -> Option<(String, Session)> {
    let demo = request.app_data::<web::Data<Demo>>()?;
    let cookies = request.headers().get_all(header::COOKIE);
    let id = cookies.filter_map(|line| line.to_str().ok()).find_map(session::id_in)?;
    Some((id.to_owned(), demo.sessions.find(id, demo.now())?))
}

impl FromRequest for SignedIn {
    type Error = DemoError;
    type Future = Ready<Result<Self, DemoError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match visitor(request) {
            Some((_, Session { stage: Stage::AwaitingSecondFactor, .. })) => Err(DemoError::second_factor_needed()),
            Some((id, session)) => Ok(Self { id, session }),
            None => Err(DemoError::signed_out()),
        })
    }
}

impl FromRequest for PasswordProven {
    type Error = DemoError;
    type Future = Ready<Result<Self, DemoError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match visitor(request) {
            Some((id, session)) if session.stage == Stage::AwaitingSecondFactor => Ok(Self { id, session }),
            _ => Err(DemoError::signed_out()),
        })
    }
}
