//! The forms there are: their fields, what they ask of the server, and what becomes of its answer.

use doorward_shared::{
    TenantId, Timestamp,
    admin::{CreateAdminTokenRequest, CreateSecretRequest, CreateTenantRequest, Role, SigningAlgorithm},
    audit::AuditOutcome,
    config::{Cors, RelyingParty, TenantConfig, Webauthn},
};

use super::{Form, Overlay, SecretOnce, form::FormField};
use crate::{
    api::{AuditQuery, ExportFormat},
    backend::{Answer, Call, Export},
    list::Cursor,
    model::{Cx, Tone},
    screen::{Screen, tenant::Tenant},
    when,
};

/// What a form is for.
#[derive(Debug, Clone)]
pub(super) enum Purpose {
    CreateTenant,
    RenameTenant(TenantId),
    CreateApiKey(TenantId),
    CreateToken,
    RotateSigningKey(TenantId),
    Export(Box<AuditQuery>),
    Refine(Box<AuditQuery>),
}

const EXPIRY_HINT: &str = "90d, 1y, 2027-01-31, or never";
const TIME_HINT: &str = "2h, today, 2026-11-25 10:00 (UTC)";

/// What is wrong with a form: with which field, and what.
type Problem = (Option<usize>, String);

fn form(title: String, verb: &'static str, purpose: Purpose, note: &'static str, fields: Vec<FormField>) -> Form {
    Form { title, note, verb, fields, cursor: Cursor::default(), problem: None, purpose, pending: None }
}

/// Creates a tenant.
#[must_use]
pub fn create_tenant() -> Form {
    form(
        "New tenant".to_owned(),
        "create",
        Purpose::CreateTenant,
        "A tenant is one relying party with users of its own.",
        vec![
            FormField::text("Name", "for people, as in lists", ""),
            FormField::text("RP ID", "domain its passkeys belong to; empty: localhost", ""),
            FormField::text("Origins", "https://…, separated by spaces", ""),
            FormField::choice("API key", "shown once, after this", &["create one", "not now"], 0),
        ],
    )
}

/// Renames a tenant.
#[must_use]
pub fn rename_tenant(id: TenantId, name: &str) -> Form {
    form(
        format!("Rename {name}"),
        "rename",
        Purpose::RenameTenant(id),
        "Ids and keys stay as they are.",
        vec![FormField::text("Name", "1 to 128 characters", name)],
    )
}

/// Creates an API key.
#[must_use]
pub fn create_api_key(tenant: TenantId, name: &str) -> Form {
    form(
        format!("New API key for {name}"),
        "create",
        Purpose::CreateApiKey(tenant),
        "It is shown once, after this.",
        vec![FormField::text("Name", "who uses it", ""), FormField::text("Expires", EXPIRY_HINT, "")],
    )
}

/// Creates an admin token.
#[must_use]
pub fn create_token() -> Form {
    form(
        "New admin token".to_owned(),
        "create",
        Purpose::CreateToken,
        "It is shown once, after this.",
        vec![
            FormField::text("Name", "who uses it; stands in the audit log", ""),
            FormField::choice("Role", "an auditor reads, an admin changes", &["auditor", "admin"], 0),
            FormField::text("Expires", EXPIRY_HINT, ""),
        ],
    )
}

/// Rotates a signing key.
#[must_use]
pub fn rotate_signing_key(tenant: TenantId, name: &str) -> Form {
    let words: Vec<&str> =
        std::iter::once("as now").chain(SigningAlgorithm::ALL.iter().map(|algorithm| algorithm.as_str())).collect();
    let note =
        "The new key is published at once and signs a while later; tokens that the present one signed stay valid.";
    form(
        format!("Rotate the signing key of {name}"),
        "rotate",
        Purpose::RotateSigningKey(tenant),
        note,
        vec![FormField::choice("Algorithm", "of the new key", &words, 0)],
    )
}

/// Exports what a query finds.
#[must_use]
pub fn export(query: AuditQuery, folder: &std::path::Path, now: Timestamp) -> Form {
    let stamp: String =
        when::full(now).chars().map(|symbol| if symbol.is_ascii_digit() { symbol } else { '-' }).collect();
    let path = folder.join(format!("audit-{stamp}.ndjson"));
    let note = "Everything the filters let through, oldest first.";
    form(
        "Export the audit log".to_owned(),
        "export",
        Purpose::Export(Box::new(query)),
        note,
        vec![
            FormField::choice("Format", "NDJSON for programs, CSV for spreadsheets", &["ndjson", "csv"], 0),
            FormField::text("File", "must not exist yet; ~/ is your home", &path.to_string_lossy()),
        ],
    )
}

/// Refines the filters of an audit log.
#[must_use]
pub fn refine(query: AuditQuery) -> Form {
    let time = |at: Option<Timestamp>| at.map(when::full).unwrap_or_default();
    let outcome = match query.outcome {
        None => 0,
        Some(AuditOutcome::Succeeded) => 1,
        Some(AuditOutcome::Failed) => 2,
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let fields = vec![
        FormField::choice("Outcome", "how it ended", &["any", "succeeded", "failed"], outcome),
        FormField::text("User", "part of a user's id, or of an admin token's name", &text(&query.actor)),
        FormField::text("Address", "part of the IP address", &text(&query.source_ip)),
        FormField::text("From", TIME_HINT, &time(query.start)),
        FormField::text("Until", TIME_HINT, &time(query.end)),
        FormField::text("Text", "part of user or address", &text(&query.text)),
    ];
    form(
        "Filter the audit log".to_owned(),
        "apply",
        Purpose::Refine(Box::new(query)),
        "All that is filled in must hold. Types: t.",
        fields,
    )
}

impl Form {
    fn given(&self, field: usize) -> Option<String> {
        self.fields.get(field).and_then(FormField::given)
    }

    fn chosen(&self, field: usize) -> usize {
        self.fields.get(field).map_or(0, FormField::chosen)
    }

    fn name(&self, field: usize) -> Result<String, Problem> {
        self.given(field).ok_or_else(|| (Some(field), "a name is needed".to_owned()))
    }

    fn expiry(&self, field: usize, now: Timestamp) -> Result<Option<Timestamp>, Problem> {
        let text = self.given(field).unwrap_or_default();
        when::expiry(&text, now).map_err(|why| (Some(field), why.to_owned()))
    }

    fn moment(&self, field: usize, now: Timestamp) -> Result<Option<Timestamp>, Problem> {
        let text = self.given(field).unwrap_or_default();
        when::moment(&text, now).map_err(|why| (Some(field), why.to_owned()))
    }

    pub(super) fn submit(&mut self, cx: &mut Cx<'_>) {
        match self.act(cx) {
            Ok(Some(call)) => {
                self.problem = None;
                self.pending = Some(cx.ask(call));
            }
            Ok(None) => cx.close_dialog(),
            Err((field, why)) => {
                if let Some(field) = field {
                    self.cursor.select(field, self.fields.len());
                }
                self.problem = Some((field, why));
            }
        }
    }

    /// What to ask of the server; nothing for forms that do all by themselves.
    fn act(&self, cx: &mut Cx<'_>) -> Result<Option<Call>, Problem> {
        let now = cx.now;
        Ok(Some(match &self.purpose {
            Purpose::CreateTenant => Call::CreateTenant(Box::new(self.new_tenant()?)),
            Purpose::RenameTenant(id) => Call::RenameTenant(*id, self.name(0)?),
            Purpose::CreateApiKey(tenant) => {
                let request = CreateSecretRequest { name: Some(self.name(0)?), expires_at: self.expiry(1, now)? };
                Call::CreateApiKey(*tenant, request)
            }
            Purpose::CreateToken => {
                let role = if self.chosen(1) == 0 { Role::Auditor } else { Role::Admin };
                Call::CreateAdminToken(CreateAdminTokenRequest {
                    name: Some(self.name(0)?),
                    role: Some(role),
                    expires_at: self.expiry(2, now)?,
                })
            }
            Purpose::RotateSigningKey(tenant) => {
                let algorithm = self.chosen(0).checked_sub(1).and_then(|at| SigningAlgorithm::ALL.get(at)).copied();
                Call::RotateSigningKey(*tenant, algorithm)
            }
            Purpose::Export(query) => {
                let format = if self.chosen(0) == 0 { ExportFormat::Ndjson } else { ExportFormat::Csv };
                let path = self.given(1).ok_or_else(|| (Some(1), "a file is needed".to_owned()))?;
                cx.export(Export { query: query.as_ref().clone(), format, path: cx.folders.path(&path) });
                return Ok(None);
            }
            Purpose::Refine(query) => {
                let query = AuditQuery {
                    outcome: match self.chosen(0) {
                        0 => None,
                        1 => Some(AuditOutcome::Succeeded),
                        _ => Some(AuditOutcome::Failed),
                    },
                    actor: self.given(1),
                    source_ip: self.given(2),
                    start: self.moment(3, now)?,
                    end: self.moment(4, now)?,
                    text: self.given(5),
                    ..query.as_ref().clone()
                };
                if query.start.is_some() && query.end.is_some() && query.start >= query.end {
                    return Err((Some(4), "this is not after the beginning".to_owned()));
                }
                cx.refine(query);
                return Ok(None);
            }
        }))
    }

    fn new_tenant(&self) -> Result<CreateTenantRequest, Problem> {
        let name = self.name(0)?;
        let origins: Vec<String> = self
            .given(2)
            .unwrap_or_default()
            .split([' ', ','])
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect();
        let config = match self.given(1) {
            None if origins.is_empty() => None,
            None => return Err((Some(1), "origins need the domain they lie under".to_owned())),
            Some(_) if origins.is_empty() => return Err((Some(2), "at least one origin is needed".to_owned())),
            Some(id) => {
                let relying_party =
                    RelyingParty { id, display_name: name.clone(), icon: None, origins: origins.clone() };
                Some(TenantConfig {
                    cors: Cors { allowed_origins: origins, allow_unsafe_wildcard: false },
                    webauthn: Webauthn::for_relying_party(relying_party),
                    mfa: None,
                })
            }
        };
        Ok(CreateTenantRequest { display_name: Some(name), config, create_api_key: self.chosen(3) == 0 })
    }

    /// The file's ending follows the format.
    pub(super) fn follow_choice(&mut self) {
        if !matches!(self.purpose, Purpose::Export(_)) {
            return;
        }
        let (from, to) = if self.chosen(0) == 0 { (".csv", ".ndjson") } else { (".ndjson", ".csv") };
        if let Some(stem) = self.given(1).as_deref().and_then(|path| path.strip_suffix(from))
            && let Some(field) = self.fields.get_mut(1)
        {
            *field = FormField::text(field.label, field.hint, &format!("{stem}{to}"));
        }
    }

    pub(super) fn answered(&mut self, answer: Answer, cx: &mut Cx<'_>) {
        cx.close_dialog();
        let name = self.given(0).unwrap_or_default();
        match (&self.purpose, answer) {
            (Purpose::CreateTenant, Answer::Created(id, key)) => {
                cx.toast(Tone::Good, format!("Created tenant {name}"));
                cx.open(Screen::Tenant(Box::new(Tenant::new(id, name))));
                if let Some(key) = key {
                    cx.dialog(Overlay::Secret(Box::new(SecretOnce::new("API key", key))));
                }
            }
            (Purpose::CreateApiKey(_), Answer::Secret(key)) => {
                cx.reload();
                cx.dialog(Overlay::Secret(Box::new(SecretOnce::new("API key", key))));
            }
            (Purpose::CreateToken, Answer::Secret(token)) => {
                cx.reload();
                cx.dialog(Overlay::Secret(Box::new(SecretOnce::new("admin token", token))));
            }
            (Purpose::RenameTenant(_), _) => {
                cx.toast(Tone::Good, format!("Renamed to {name}"));
                cx.reload();
            }
            (Purpose::RotateSigningKey(_), Answer::SigningKeys(keys)) => {
                let from = keys.first().map(|key| format!("; it signs from {} on", when::full(key.signs_from)));
                cx.toast(Tone::Good, format!("A new signing key is published{}", from.unwrap_or_default()));
                cx.reload();
            }
            _ => cx.reload(),
        }
    }
}
