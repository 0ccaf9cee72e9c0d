//! Ceremonies: the page's browser does the WebAuthn part, Doorward decides, and the application believes only a token
//! that it verified.

use actix_web::{HttpRequest, HttpResponse, web};
use doorward_shared::public::CeremonyName;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{
        Demo,
        account::{self, Account},
        backend::Trail,
        reply::{DemoError, Done, answer},
        session::{Payment, Stage},
        token::{Expected, VerifiedToken},
    },
    PasswordProven, SignedIn, sign_in,
};

type State = web::Data<Demo>;
type Credential = web::Json<Value>;

impl Demo {
    /// Starts a ceremony and hands Doorward's options to the browser.
    async fn begin(&self, trail: &mut Trail, path: &[&str], body: &Value) -> Result<Done, DemoError> {
        Ok(Done::with(json!({ "options": self.backend.post(trail, path, body).await? })))
    }

    /// Ends a ceremony: what the authenticator answered for a token, and the token verified.
    async fn end(
        &self,
        trail: &mut Trail,
        path: &[&str],
        credential: &Value,
        expected: Expected<'_>,
    ) -> Result<VerifiedToken, DemoError> {
        let answer = self.backend.post(trail, path, credential).await?;
        self.verify(trail, &answer, expected).await
    }

    fn expect<'a>(&'a self, ceremony: CeremonyName, subject: Option<&'a str>) -> Expected<'a> {
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

/// Adds a second factor, first step.
pub(super) async fn begin_second_factor(demo: State, visitor: SignedIn) -> HttpResponse {
    answer(async |trail| {
        let body = demo.registration_body(&visitor.session.user_id)?;
        demo.begin(trail, &["mfa", "registration", "initialize"], &body).await
    })
    .await
}

/// Adds a second factor, second step.
pub(super) async fn end_second_factor(demo: State, visitor: SignedIn, credential: Credential) -> HttpResponse {
    answer(async |trail| {
        let expected = demo.expect(CeremonyName::Registration, Some(&visitor.session.user_id));
        let token = demo.end(trail, &["mfa", "registration", "finalize"], &credential, expected).await?;
        Ok(Done::with(json!({ "token": token })))
    })
    .await
}

/// Proves the second factor, first step.
pub(super) async fn begin_second_factor_login(demo: State, visitor: PasswordProven) -> HttpResponse {
    answer(async |trail| {
        let body = json!({ "user_id": visitor.session.user_id });
        demo.begin(trail, &["mfa", "login", "initialize"], &body).await
    })
    .await
}

/// Proves the second factor, second step: the visitor is in.
pub(super) async fn end_second_factor_login(
    demo: State,
    request: HttpRequest,
    visitor: PasswordProven,
    credential: Credential,
) -> HttpResponse {
    answer(async |trail| {
        let user_id = &visitor.session.user_id;
        let expected = demo.expect(CeremonyName::Mfa, Some(user_id));
        let token = demo.end(trail, &["mfa", "login", "finalize"], &credential, expected).await?;
        // The password counts once: of two answers to one challenge, only the session that still waits goes on.
        if demo.sessions.find(&visitor.id, demo.now()).is_none() {
            return Err(DemoError::signed_out());
        }
        let done = sign_in::enter(&demo, &request, user_id, Stage::PasswordAndSecondFactor)?;
        Ok(done.and_result("token", json!(token)))
    })
    .await
}

/// Adds a passkey, first step.
pub(super) async fn begin_passkey(demo: State, visitor: SignedIn) -> HttpResponse {
    answer(async |trail| {
        let body = demo.registration_body(&visitor.session.user_id)?;
        demo.begin(trail, &["registration", "initialize"], &body).await
    })
    .await
}

/// Adds a passkey, second step.
pub(super) async fn end_passkey(demo: State, visitor: SignedIn, credential: Credential) -> HttpResponse {
    answer(async |trail| {
        let expected = demo.expect(CeremonyName::Registration, Some(&visitor.session.user_id));
        let token = demo.end(trail, &["registration", "finalize"], &credential, expected).await?;
        Ok(Done::with(json!({ "token": token })))
    })
    .await
}

/// Signs in with a passkey alone, first step. Nobody has said who they are yet.
pub(super) async fn begin_passkey_login(demo: State) -> HttpResponse {
    answer(async |trail| demo.begin(trail, &["login", "initialize"], &json!({})).await).await
}

/// Signs in with a passkey alone, second step: the token says who it is.
pub(super) async fn end_passkey_login(demo: State, request: HttpRequest, credential: Credential) -> HttpResponse {
    answer(async |trail| {
        let expected = demo.expect(CeremonyName::Login, None);
        let token = demo.end(trail, &["login", "finalize"], &credential, expected).await?;
        let Some(account) = demo.accounts.with_id(&token.claims.sub) else {
            return Err(DemoError::new(
                404,
                "account_unknown",
                "The passkey is good, its account is gone",
                "The demo keeps accounts in memory only: this one was made before the last start.",
            ));
        };
        let done = sign_in::enter(&demo, &request, &account.user_id, Stage::Passkey)?;
        Ok(done.and_result("token", json!(token)))
    })
    .await
}

#[derive(Deserialize)]
pub(super) struct PaymentOrder {
    recipient: String,
    amount: String,
}

/// A recipient and an amount that can be shown and compared: cents are written out.
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
        return Err(DemoError::field("An amount is more than nothing"));
    }
    Ok((recipient, amount))
}

/// Confirms a payment, first step: the challenge covers recipient and amount.
pub(super) async fn begin_payment(demo: State, visitor: SignedIn, order: web::Json<PaymentOrder>) -> HttpResponse {
    answer(async |trail| {
        let (recipient, amount) = valid_payment(order.into_inner())?;
        let payment = Payment { id: account::new_user_id(demo.entropy.as_ref())?, recipient, amount };
        let body = json!({
            "user_id": visitor.session.user_id,
            "transaction_id": payment.id,
            "transaction_data": { "recipient": payment.recipient, "amount": payment.amount, "currency": "EUR" },
        });
        let done = demo.begin(trail, &["transaction", "initialize"], &body).await?;
        demo.sessions.keep_payment(&visitor.id, payment);
        Ok(done)
    })
    .await
}

/// Confirms a payment, second step: the token names the transaction that was confirmed.
pub(super) async fn end_payment(demo: State, visitor: SignedIn, credential: Credential) -> HttpResponse {
    answer(async |trail| {
        let Some(payment) = demo.sessions.take_payment(&visitor.id) else {
            return Err(DemoError::new(409, "payment_unknown", "No payment waits for a confirmation", ""));
        };
        let expected = Expected {
            transaction: Some(&payment.id),
            ..demo.expect(CeremonyName::Transaction, Some(&visitor.session.user_id))
        };
        let token = demo.end(trail, &["transaction", "finalize"], &credential, expected).await?;
        Ok(Done::with(json!({ "token": token, "payment": payment })))
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
    fn amounts_are_written_out_in_one_form() {
        for (given, kept) in [("25", "25.00"), ("025,5", "25.50"), (" 0.05 ", "0.05"), ("999999.99", "999999.99")] {
            assert_eq!(amount(given).as_deref(), Some(kept));
        }
        for refused in ["", "0", "0.00", "-5", "1e3", "1.234", "1000000", "1.", ".5", "٣"] {
            assert_eq!(amount(refused), None, "{refused}");
        }
    }

    #[test]
    fn a_recipient_is_one_printable_line() {
        let order = |recipient: &str| PaymentOrder { recipient: recipient.into(), amount: "1".into() };
        assert!(valid_payment(order("  ")).is_err());
        assert!(valid_payment(order("Bob\nMallory")).is_err());
        assert_eq!(valid_payment(order(" Bob ")).unwrap().0, "Bob");
    }
}
