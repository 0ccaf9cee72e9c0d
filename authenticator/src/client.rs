//! The client: the part of a browser between a page and an authenticator (WebAuthn §5.1.3, §5.1.4).

use serde_json::{Map, Value, json};

use crate::{
    AssertionParts, Attachment, Attestation, AttestedCredential, Authenticator, AuthenticatorData, ClientData,
    ClientError, Counter, RegistrationParts, Statement, cbor, flags,
    options::{self, Creation, Request},
    sha256,
};

/// A browser or app with a fixed origin.
#[derive(Debug, Clone)]
pub struct Client {
    origin: String,
    checks: bool,
}

impl Client {
    /// Creates a client for an origin, such as `https://example.com`.
    pub fn new(origin: impl Into<String>) -> Self {
        Self { origin: origin.into(), checks: true }
    }

    /// Disables all checks, as in a client of an attacker: those of the RP ID, the origin, `excludeCredentials`, the
    /// algorithms, and the capabilities of the authenticator.
    #[must_use]
    pub const fn without_checks(mut self) -> Self {
        self.checks = false;
        self
    }

    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Like `navigator.credentials.create()`: takes `{"publicKey": …}` and returns `RegistrationResponseJSON`. With
    /// `"mediation": "conditional"`, it acts as a password manager that does not ask the user: user presence and user
    /// verification are missing (§5.1.3).
    ///
    /// # Errors
    /// Returns a [`ClientError`] in the cases in which a browser throws an exception.
    pub fn create(&self, authenticator: &mut Authenticator, options: &Value) -> Result<Value, ClientError> {
        Ok(self.create_parts(authenticator, options)?.sign()?.into_json())
    }

    /// Like `navigator.credentials.get()`: takes `{"publicKey": …}` and returns `AuthenticationResponseJSON`.
    pub fn get(&self, authenticator: &mut Authenticator, options: &Value) -> Result<Value, ClientError> {
        Ok(self.get_parts(authenticator, options)?.sign()?.into_json())
    }

    /// Like [`Client::create`], but returns the data before signing. The authenticator stores the credential.
    pub fn create_parts(
        &self,
        authenticator: &mut Authenticator,
        options: &Value,
    ) -> Result<RegistrationParts, ClientError> {
        let conditional = options::is_conditional(options);
        let options: Creation = options::read(options)?;
        let rp_id = self.rp_id(options.rp.id.as_deref())?;
        let user_handle = options::bytes("user.id", &options.user.id)?;
        options::bytes("challenge", &options.challenge)?;
        let excluded = options::ids("excludeCredentials", &options.exclude_credentials)?;
        let selection = &options.authenticator_selection;
        let resident = selection.resident_key.as_deref().unwrap_or(match selection.require_resident_key {
            true => "required",
            false => "discouraged",
        });
        let verification = selection.user_verification.as_deref();

        if self.checks {
            if user_handle.is_empty() || user_handle.len() > 64 {
                return Err(ClientError::Options("user.id must have 1 to 64 bytes".into()));
            }
            check_algorithm(authenticator, &options)?;
            if authenticator.credentials.iter().any(|held| held.rp_id == rp_id && excluded.contains(&held.id)) {
                return Err(ClientError::Excluded);
            }
            if resident == "required" && !authenticator.resident_keys {
                return Err(ClientError::Unable("resident keys"));
            }
        }
        if self.checks && conditional && verification == Some("required") {
            return Err(ClientError::Unable("user verification in a conditional registration"));
        }
        if self.checks && conditional && selection.authenticator_attachment == Some(Attachment::CrossPlatform) {
            return Err(ClientError::Unable("a security key in a conditional registration"));
        }
        let verified = !conditional && self.verify_user(authenticator, verification)?;
        let mut bits = authenticator.flags(verified) | flags::AT;
        if conditional {
            bits &= !flags::UP;
        }
        let attachment = self.attach(authenticator, selection.authenticator_attachment)?;
        // Platform authenticators always create discoverable credentials. Other authenticators create them except if
        // the options discourage this.
        let discoverable =
            authenticator.resident_keys && (resident != "discouraged" || attachment == Attachment::Platform);

        let credential = authenticator.make(&rp_id, user_handle, discoverable)?;
        // §5.1.3: if `none` is requested, the client removes every attestation but self attestation with a zero AAGUID.
        let requested = options.attestation.as_deref().unwrap_or("none");
        let statement = match authenticator.attestation {
            Attestation::PackedSelf if requested != "none" || authenticator.aaguid == [0; 16] => Statement::PackedSelf,
            _ => Statement::None,
        };
        let mut client_extensions = Map::new();
        if options.extensions.get("credProps").and_then(Value::as_bool) == Some(true) {
            client_extensions.insert("credProps".into(), json!({ "rk": discoverable }));
        }
        Ok(RegistrationParts {
            client_data: ClientData::new("webauthn.create", &options.challenge, &self.origin),
            authenticator_data: AuthenticatorData {
                rp_id_hash: sha256(rp_id.as_bytes()).to_vec(),
                flags: bits,
                sign_count: credential.sign_count,
                attested: Some(AttestedCredential {
                    aaguid: authenticator.aaguid,
                    claimed_length: None,
                    credential_id: credential.id,
                    public_key: cbor::encode(&credential.key.cose()),
                }),
                extensions: None,
                trailing: Vec::new(),
                cut: None,
            },
            statement,
            transports: authenticator.transports_at(attachment),
            attachment: attachment.name().into(),
            client_extensions,
            key: credential.key,
        })
    }

    /// Like [`Client::get`], but returns the data before signing. The signature counter increases.
    pub fn get_parts(&self, authenticator: &mut Authenticator, options: &Value) -> Result<AssertionParts, ClientError> {
        let options: Request = options::read(options)?;
        let rp_id = self.rp_id(options.rp_id.as_deref())?;
        options::bytes("challenge", &options.challenge)?;
        let allowed = options::ids("allowCredentials", &options.allow_credentials)?;
        let verified = self.verify_user(authenticator, options.user_verification.as_deref())?;
        let flags = authenticator.flags(verified);
        let counter = authenticator.counter;
        let attachment = authenticator.attachment.unwrap_or(Attachment::Platform);

        let credential = authenticator.select(&rp_id, &allowed).ok_or(ClientError::NoCredential)?;
        if counter == Counter::Increasing {
            credential.sign_count = credential.sign_count.wrapping_add(1);
        }
        Ok(AssertionParts {
            key: credential.key.clone(),
            credential_id: credential.id.clone(),
            client_data: ClientData::new("webauthn.get", &options.challenge, &self.origin),
            authenticator_data: AuthenticatorData {
                rp_id_hash: sha256(rp_id.as_bytes()).to_vec(),
                flags,
                sign_count: credential.sign_count,
                attested: None,
                extensions: None,
                trailing: Vec::new(),
                cut: None,
            },
            user_handle: credential.discoverable.then(|| credential.user_handle.clone()),
            attachment: attachment.name().into(),
        })
    }

    /// Returns the requested RP ID, by default the host of the origin. The RP ID must be this host or a parent domain.
    ///
    /// A single label is accepted only if it is the host. The public suffix list is not checked.
    fn rp_id(&self, requested: Option<&str>) -> Result<String, ClientError> {
        let host = self.host();
        let rp_id = requested.or(host).unwrap_or_default().to_owned();
        // Origins of apps (`android:apk-key-hash:…`) have no host. For apps, the operating system checks on the RP's
        // site whether the app may use the RP ID.
        let is_allowed = self.origin.starts_with("android:")
            || host.is_some_and(|host| {
                host == rp_id
                    || (rp_id.contains('.') && host.strip_suffix(&*rp_id).is_some_and(|before| before.ends_with('.')))
            });
        if self.checks && !is_allowed {
            return Err(ClientError::RpId { rp_id, origin: self.origin.clone() });
        }
        Ok(rp_id)
    }

    /// Returns the host of a secure origin: `https`, or `http` on localhost.
    fn host(&self) -> Option<&str> {
        let (scheme, rest) = self.origin.split_once("://")?;
        let host = rest.split_once(':').map_or(rest, |(host, _)| host);
        let local = host == "localhost" || host.ends_with(".localhost");
        (scheme == "https" || (scheme == "http" && local)).then_some(host)
    }

    fn verify_user(&self, authenticator: &Authenticator, requested: Option<&str>) -> Result<bool, ClientError> {
        if self.checks && requested == Some("required") && !authenticator.user_verification {
            return Err(ClientError::Unable("user verification"));
        }
        Ok(authenticator.user_verification && requested != Some("discouraged"))
    }

    fn attach(&self, authenticator: &Authenticator, requested: Option<Attachment>) -> Result<Attachment, ClientError> {
        match (authenticator.attachment, requested) {
            (Some(own), Some(requested)) if own != requested && self.checks => {
                Err(ClientError::Unable("the requested attachment"))
            }
            (own, requested) => Ok(own.or(requested).unwrap_or(Attachment::Platform)),
        }
    }
}

/// Checks that the options allow the algorithm. An empty list allows ES256 and RS256 (§5.1.3).
fn check_algorithm(authenticator: &Authenticator, options: &Creation) -> Result<(), ClientError> {
    let alg = authenticator.algorithm.cose();
    let params = &options.pub_key_cred_params;
    let is_allowed = if params.is_empty() {
        [-7, -257].contains(&alg)
    } else {
        params.iter().any(|param| param.kind == "public-key" && param.alg == alg)
    };
    if is_allowed { Ok(()) } else { Err(ClientError::Algorithm) }
}
