//! `clientDataJSON` (WebAuthn §5.8.1).

use std::borrow::Cow;

use doorward_shared::{
    Base64Url, ErrorCode,
    refusal::{Check, RefusalDetail},
};
use serde::Deserialize;
use url::Url;

use super::error::VerificationError;
use crate::domain::{CeremonyState, ChallengeValue, json::is_deeper, origin};

/// Maximum number of characters of untrusted text in an error message.
const MAX_SHOWN_CHARS: usize = 200;
/// Maximum nesting depth of client data. Clients send two levels.
const MAX_DEPTH: usize = 64;

/// Parsed client data, without `tokenBinding` and unknown members.
#[derive(Debug, Clone)]
pub(super) struct ClientData {
    kind: String,
    pub(super) challenge: ChallengeValue,
    origin: String,
    cross_origin: bool,
    /// Top origin, if the ceremony ran in a frame inside a page of another origin.
    top_origin: Option<String>,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    challenge: Cow<'a, str>,
    #[serde(borrow)]
    origin: Cow<'a, str>,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: Option<bool>,
    #[serde(borrow, rename = "topOrigin", default)]
    top_origin: Option<Cow<'a, str>>,
}

impl ClientData {
    /// Parses client data: one JSON object in UTF-8, without repeated members or trailing data. A leading byte order
    /// mark is ignored (WebAuthn §7.1 step 5, §7.2 step 8). The error names the problem.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let text = std::str::from_utf8(bytes).map_err(|_| "clientDataJSON is not UTF-8")?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        // serde would also accept an array, and assign its items to the members in order.
        if !text.starts_with('{') {
            return Err("clientDataJSON is not a JSON object");
        }
        if is_deeper(bytes, MAX_DEPTH) {
            return Err("clientDataJSON is nested too deeply");
        }
        let wire: Wire<'_> = serde_json::from_str(text).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => {
                "clientDataJSON is missing type, challenge or origin, repeats a member, or has a member of the wrong type"
            }
            _ => "clientDataJSON is not valid JSON",
        })?;
        // Challenges have no padding (WebAuthn §5.8.1).
        let challenge = if wire.challenge.ends_with('=') { None } else { Base64Url::decode(&wire.challenge).ok() };
        Ok(Self {
            kind: wire.kind.into_owned(),
            challenge: ChallengeValue(challenge.ok_or("the challenge in clientDataJSON is not base64url")?.0),
            origin: wire.origin.into_owned(),
            cross_origin: wire.cross_origin.unwrap_or(false),
            top_origin: wire.top_origin.map(Cow::into_owned),
        })
    }

    /// Checks type (`webauthn.create` or `webauthn.get`), challenge, origin and top origin, and returns the origin.
    pub(super) fn check(
        &self,
        kind: &str,
        challenge: &ChallengeValue,
        state: &CeremonyState,
    ) -> Result<Url, VerificationError> {
        if self.kind != kind {
            return Err(VerificationError::new(
                ErrorCode::ClientDataTypeMismatch,
                format!("the client data is of type {:?}, not \"{kind}\"", shorten(&self.kind)),
                RefusalDetail::new(Check::ClientDataType).expected([kind]).received(&self.kind),
            ));
        }
        let reason = "the client data contains another challenge";
        VerificationError::ensure(self.challenge == *challenge, ErrorCode::ChallengeUnknown, reason, || {
            RefusalDetail::new(Check::ChallengeKnown)
        })?;
        let origin = self.check_origin(&state.origins)?;
        self.check_top_origin(&state.top_origins)?;
        Ok(origin)
    }

    /// Checks that the origin is canonical, and that one of the accepted origins or patterns matches it. webauthn-rs
    /// compares parsed URLs, so it also accepts other letter cases, default ports, user names, paths and trailing dots.
    fn check_origin(&self, origins: &[String]) -> Result<Url, VerificationError> {
        let url = origin::accepts(origins, &self.origin).then(|| Url::parse(&self.origin).ok()).flatten();
        url.ok_or_else(|| {
            VerificationError::new(
                ErrorCode::OriginMismatch,
                format!("the origin {:?} is not one of the relying party's origins", shorten(&self.origin)),
                RefusalDetail::new(Check::Origin).expected(origins).received(&self.origin),
            )
        })
    }

    /// If the ceremony ran in a frame inside a page of another origin, checks that the relying party accepts the top
    /// origin (WebAuthn §7.1 steps 10 and 11, §7.2 steps 13 and 14). Older clients send `crossOrigin` without
    /// `topOrigin`. The specification then requires only that the relying party accepts frames at all.
    fn check_top_origin(&self, top_origins: &[String]) -> Result<(), VerificationError> {
        let expected = match &self.top_origin {
            Some(top_origin) => origin::accepts(top_origins, top_origin),
            None => !self.cross_origin || !top_origins.is_empty(),
        };
        if expected {
            return Ok(());
        }
        let reason = match &self.top_origin {
            Some(top_origin) => {
                format!("the ceremony ran in a frame of a page of the origin {:?}", shorten(top_origin))
            }
            None => "the ceremony ran in a frame of another origin".to_owned(),
        };
        let detail = RefusalDetail::new(Check::TopLevel);
        let detail = match top_origins {
            [] => detail.expected(["crossOrigin false, topOrigin absent"]),
            _ => detail.expected(top_origins),
        };
        let received = self.top_origin.as_deref().unwrap_or("crossOrigin true, topOrigin absent");
        Err(VerificationError::new(ErrorCode::CrossOrigin, reason, detail.received(received)))
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(MAX_SHOWN_CHARS).collect()
}
