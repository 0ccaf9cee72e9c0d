//! Ceremonies of the demo application. The browser calls WebAuthn, and Doorward verifies the result and issues a token.
//! The application verifies each token before it trusts the token.

use actix_web::{HttpRequest, HttpResponse, web};
use doorward_shared::public::CeremonyName;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{
        account::{self, Account},
        reply::{DemoError, Outcome, respond},
        request_log::RequestLog,
        session::{Payment, Stage},
        state::Demo,
    },
    PasswordProven, SignedIn, sign_in,
};
use crate::token_verifier::{Expected, VerifiedToken};

type State = web::Data<Demo>;
type Credential = web::Json<Value>;

impl Demo {
    async fn initialize(&self, log: &mut RequestLog, path: &[&str], body: &Value) -> Result<Outcome, DemoError> {
        Ok(Outcome::new(json!({ "options": self.backend.post(log, path, body).await? })))
    }

    /// Finishes a ceremony: exchanges the authenticator's response for a token and verifies the token.
    async fn finalize(
        &self,
        log: &mut RequestLog,
        path: &[&str],
        credential: &Value,
        expected: Expected<'_>,
    ) -> Result<VerifiedToken, DemoError> {
        let response = self.backend.post(log, path, credential).await?;
        self.verify(log, &response, expected).await
    }

    fn expected<'a>(&'a self, ceremony: CeremonyName, subject: Option<&'a str>) -> Expected<'a> {
        let (issuer, audience) = (&self.config.issuer, &self.config.rp_id);
        Expected { issuer, audience, ceremony, subject, transaction: None }
    }

    fn account(&self, user_id: &str) -> Result<Account, DemoError> {
        self.accounts.with_id(user_id).ok_or_else(DemoError::signed_out)
    }

    fn registration_body(&self, user_id: &str) -> Result<Value, DemoError> {
        let Account { user_id, username, .. } = self.account(user_id)?;
        Ok(json!({ "user_id": user_id, "username": username, "display_name": username }))
    }
}

pub(super) async fn initialize_second_factor(demo: State, visitor: SignedIn) -> HttpResponse {
    respond(async |log| {
        let body = demo.registration_body(&visitor.session.user_id)?;
        demo.initialize(log, &["mfa", "registration", "initialize"], &body).await
    })
    .await
}

pub(super) async fn finalize_second_factor(demo: State, visitor: SignedIn, credential: Credential) -> HttpResponse {
    respond(async |log| {
        let expected = demo.expected(CeremonyName::Registration, Some(&visitor.session.user_id));
        let token = demo.finalize(log, &["mfa", "registration", "finalize"], &credential, expected).await?;
        Ok(Outcome::new(json!({ "token": token })))
    })
    .await
}

pub(super) async fn initialize_second_factor_login(demo: State, visitor: PasswordProven) -> HttpResponse {
    respond(async |log| {
        let body = json!({ "user_id": visitor.session.user_id });
        demo.initialize(log, &["mfa", "login", "initialize"], &body).await
    })
    .await
}

/// Finishes the second-factor login and signs the visitor in.
pub(super) async fn finalize_second_factor_login(
    demo: State,
    request: HttpRequest,
    visitor: PasswordProven,
    credential: Credential,
) -> HttpResponse {
    respond(async |log| {
        let user_id = &visitor.session.user_id;
        let expected = demo.expected(CeremonyName::Mfa, Some(user_id));
        let token = demo.finalize(log, &["mfa", "login", "finalize"], &credential, expected).await?;
        // One password check allows only one sign-in: of two concurrent requests, only one finds the session still
        // open.
        if demo.sessions.find(&visitor.id, demo.now()).is_none() {
            return Err(DemoError::signed_out());
        }
        let done = sign_in::open_session(&demo, &request, user_id, Stage::PasswordAndSecondFactor)?;
        Ok(done.with_member("token", json!(token)))
    })
    .await
}

pub(super) async fn initialize_passkey(demo: State, visitor: SignedIn) -> HttpResponse {
    respond(async |log| {
        let body = demo.registration_body(&visitor.session.user_id)?;
        demo.initialize(log, &["registration", "initialize"], &body).await
    })
    .await
}

pub(super) async fn finalize_passkey(demo: State, visitor: SignedIn, credential: Credential) -> HttpResponse {
    respond(async |log| {
        let expected = demo.expected(CeremonyName::Registration, Some(&visitor.session.user_id));
        let token = demo.finalize(log, &["registration", "finalize"], &credential, expected).await?;
        Ok(Outcome::new(json!({ "token": token })))
    })
    .await
}

/// Starts a passkey login. The visitor is still unknown.
pub(super) async fn initialize_passkey_login(demo: State) -> HttpResponse {
    respond(async |log| demo.initialize(log, &["login", "initialize"], &json!({})).await).await
}

/// Finishes a passkey login. The token contains the user id of the visitor.
pub(super) async fn finalize_passkey_login(demo: State, request: HttpRequest, credential: Credential) -> HttpResponse {
    respond(async |log| {
        let expected = demo.expected(CeremonyName::Login, None);
        let token = demo.finalize(log, &["login", "finalize"], &credential, expected).await?;
        let Some(account) = demo.accounts.with_id(&token.claims.sub) else {
            return Err(DemoError::new(
                404,
                "account_unknown",
                "The passkey is valid, but its account no longer exists",
                "The file of the demo accounts was deleted after this account was created.",
            ));
        };
        let done = sign_in::open_session(&demo, &request, &account.user_id, Stage::Passkey)?;
        Ok(done.with_member("token", json!(token)))
    })
    .await
}

#[derive(Deserialize)]
pub(super) struct PaymentOrder {
    recipient: String,
    amount: String,
}

/// Validates a payment. Returns its recipient, and its amount with exactly two decimals.
fn valid_payment(order: PaymentOrder) -> Result<(String, String), DemoError> {
    let recipient = order.recipient.trim().to_owned();
    if recipient.is_empty() || recipient.chars().count() > 64 || recipient.chars().any(char::is_control) {
        return Err(DemoError::field("A recipient has 1 to 64 characters"));
    }
    let amount = order.amount.trim().replace(',', ".");
    let (whole, cents) = amount.split_once('.').unwrap_or((&amount, "00"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(cents) || whole.len() > 6 || cents.len() > 2 {
        return Err(DemoError::field("An amount is a number such as 25 or 25.50, below a million"));
    }
    let whole = whole.trim_start_matches('0');
    let amount = format!("{}.{cents:0<2}", if whole.is_empty() { "0" } else { whole });
    if amount == "0.00" {
        return Err(DemoError::field("An amount is at least 0.01"));
    }
    Ok((recipient, amount))
}

/// Starts the confirmation of a payment. The challenge contains a hash of recipient and amount.
pub(super) async fn initialize_payment(demo: State, visitor: SignedIn, order: web::Json<PaymentOrder>) -> HttpResponse {
    respond(async |log| {
        let (recipient, amount) = valid_payment(order.into_inner())?;
        let payment = Payment { id: account::new_user_id(demo.entropy.as_ref())?, recipient, amount };
        let body = json!({
            "user_id": visitor.session.user_id,
            "transaction_id": payment.id,
            "transaction_data": { "recipient": payment.recipient, "amount": payment.amount, "currency": "EUR" },
        });
        let done = demo.initialize(log, &["transaction", "initialize"], &body).await?;
        demo.sessions.set_payment(&visitor.id, payment);
        Ok(done)
    })
    .await
}

/// Finishes the confirmation of a payment. The token contains the id of the confirmed transaction.
pub(super) async fn finalize_payment(demo: State, visitor: SignedIn, credential: Credential) -> HttpResponse {
    respond(async |log| {
        let Some(payment) = demo.sessions.take_payment(&visitor.id) else {
            return Err(DemoError::new(409, "payment_unknown", "There is no payment to confirm", ""));
        };
        let expected = Expected {
            transaction: Some(&payment.id),
            ..demo.expected(CeremonyName::Transaction, Some(&visitor.session.user_id))
        };
        let token = demo.finalize(log, &["transaction", "finalize"], &credential, expected).await?;
        Ok(Outcome::new(json!({ "token": token, "payment": payment })))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::{PaymentOrder, valid_payment};

    fn amount(text: &str) -> Option<String> {
        let order = PaymentOrder { recipient: "Bob".into(), amount: text.into() };
        valid_payment(order).ok().map(|(_, amount)| amount)
    }

    #[test]
    fn amounts_are_normalised_to_two_decimals() {
        for (given, normalised) in [("25", "25.00"), ("025,5", "25.50"), (" 0.05 ", "0.05"), ("999999.99", "999999.99")]
        {
            assert_eq!(amount(given).as_deref(), Some(normalised));
        }
        for invalid in ["", "0", "0.00", "-5", "1e3", "1.234", "1000000", "1.", ".5", "٣"] {
            assert_eq!(amount(invalid), None, "{invalid}");
        }
    }

    #[test]
    fn recipient_is_one_printable_line() {
        let order = |recipient: &str| PaymentOrder { recipient: recipient.into(), amount: "1".into() };
        assert!(valid_payment(order("  ")).is_err());
        assert!(valid_payment(order("Bob\nMallory")).is_err());
        assert_eq!(valid_payment(order(" Bob ")).unwrap().0, "Bob");
    }
}
