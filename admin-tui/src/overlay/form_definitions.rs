//! Definitions of all forms: fields, the request each one sends, and how its response is handled.

use std::collections::VecDeque;

use doorward_shared::{
    Timestamp,
    admin::{CreateAdminTokenRequest, CreateSecretRequest, CreateTenantRequest, Role, SigningAlgorithm},
    audit::AuditOutcome,
    config::{RelyingParty, TenantConfig},
};

use crate::{
    api::{AuditQuery, ExportFormat},
    paths::BaseFolders,
    request::{BackendRequest, BackendResponse, ExportRequest},
    time_format, time_parse,
    ui::{Dialog, FormKind, Navigation, Route, TextInput, Tone, Undo, UpdateContext},
};

const EXPIRY_HINT: &str = "90d, 1y, 2027-01-31, or never";
const TIME_HINT: &str = "2h, today, 2026-11-25 10:00 (UTC)";
const SHOWN_ONCE: &str = "It is shown once, after this.";

/// Validation error of a form: field index (none for the whole form) and message.
pub(super) type Problem = (Option<usize>, String);

#[derive(Debug, Clone)]
pub(super) enum FieldValue {
    Text(TextInput),
    /// Choices, and the index of the chosen one.
    Choice(Vec<String>, usize),
}

#[derive(Debug, Clone)]
pub(super) struct FormField {
    pub(super) label: &'static str,
    pub(super) hint: &'static str,
    pub(super) value: FieldValue,
}

impl FormField {
    pub(super) fn text(label: &'static str, hint: &'static str, text: &str) -> Self {
        Self { label, hint, value: FieldValue::Text(TextInput::new(text)) }
    }

    pub(super) fn choice(label: &'static str, hint: &'static str, choices: &[&str], chosen: usize) -> Self {
        let choices = choices.iter().map(|&choice| choice.to_owned()).collect();
        Self { label, hint, value: FieldValue::Choice(choices, chosen) }
    }

    /// Returns the text without surrounding spaces; `None` for empty text and for choices.
    pub(super) fn trimmed(&self) -> Option<String> {
        match &self.value {
            FieldValue::Text(input) => input.trimmed(),
            FieldValue::Choice(..) => None,
        }
    }

    /// Returns the index of the choice; 0 for text.
    pub(super) const fn chosen(&self) -> usize {
        match &self.value {
            FieldValue::Text(_) => 0,
            FieldValue::Choice(_, chosen) => *chosen,
        }
    }
}

#[derive(Debug)]
pub(super) struct Definition {
    pub(super) title: String,
    /// Label of the key that submits the form.
    pub(super) verb: &'static str,
    pub(super) note: &'static str,
    pub(super) fields: Vec<FormField>,
}

/// Returns the definition of a form, with the current values in its fields.
pub(super) fn define(kind: &FormKind, folders: &BaseFolders, now: Timestamp) -> Definition {
    let (title, verb, note, fields) = match kind {
        FormKind::CreateTenant => (
            "New tenant".to_owned(),
            "create",
            "A tenant is one relying party with its own users.",
            vec![
                FormField::text("Name", "as it appears in lists", ""),
                FormField::text("RP ID", "domain of the passkeys; empty: localhost", ""),
                FormField::text("Origins", "https://… or android:apk-key-hash:…, separated by spaces", ""),
                FormField::choice("API key", "shown once, after this", &["create one", "not now"], 0),
            ],
        ),
        FormKind::RenameTenant(_, name) => (
            format!("Rename {name}"),
            "rename",
            "Ids and keys do not change.",
            vec![FormField::text("Name", "1 to 128 characters", name)],
        ),
        FormKind::CreateApiKey(_, tenant) => (
            format!("New API key for {tenant}"),
            "create",
            SHOWN_ONCE,
            vec![FormField::text("Name", "who uses the key", ""), FormField::text("Expires", EXPIRY_HINT, "")],
        ),
        FormKind::CreateToken => (
            "New admin token".to_owned(),
            "create",
            SHOWN_ONCE,
            vec![
                FormField::text("Name", "who uses the token; appears in the audit log", ""),
                FormField::choice(
                    "Role",
                    "auditors read, admins change, metrics is for Prometheus",
                    &["auditor", "admin", "metrics"],
                    0,
                ),
                FormField::text("Tenants", "names or ids, separated by commas; empty: all tenants", ""),
                FormField::text("Expires", EXPIRY_HINT, ""),
            ],
        ),
        FormKind::RotateSigningKey(_, tenant) => {
            let algorithms = SigningAlgorithm::ALL.iter().map(|algorithm| algorithm.as_str());
            let choices: Vec<&str> = std::iter::once("same as now").chain(algorithms).collect();
            (
                format!("Rotate the signing key of {tenant}"),
                "rotate",
                "The new key is published now; tokens signed by the current key stay valid.",
                vec![
                    FormField::choice("Algorithm", "of the new key", &choices, 0),
                    FormField::choice(
                        "Signs",
                        "at once: a cached JWKS lacks the key for up to 10 minutes",
                        &["after 15 minutes", "at once"],
                        0,
                    ),
                ],
            )
        }
        FormKind::Export(_) => {
            let stamp = time_format::date_time(now).replace([' ', ':'], "-");
            let path = folders.current.join(format!("audit-{stamp}.ndjson"));
            (
                "Export the audit log".to_owned(),
                "export",
                "Writes the entries that match the filters, oldest first.",
                vec![
                    FormField::choice("Format", "NDJSON for programs, CSV for spreadsheets", &["ndjson", "csv"], 0),
                    FormField::text("File", "a new file; ~/ is your home folder", &path.to_string_lossy()),
                ],
            )
        }
        FormKind::Filter(query) => (
            "Filter the audit log".to_owned(),
            "apply",
            "Entries must match all fields. Press t for event types.",
            filter_fields(query),
        ),
    };
    Definition { title, verb, note, fields }
}

fn filter_fields(query: &AuditQuery) -> Vec<FormField> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let time = |at: Option<Timestamp>| at.map(time_format::date_time).unwrap_or_default();
    let outcome = match query.outcome {
        None => 0,
        Some(AuditOutcome::Succeeded) => 1,
        Some(AuditOutcome::Failed) => 2,
    };
    vec![
        FormField::choice("Outcome", "result of the operation", &["any", "succeeded", "failed"], outcome),
        FormField::text("User", "part of a user id or of an admin token's name", &text(&query.actor)),
        FormField::text("Address", "part of the IP address", &text(&query.source_ip)),
        FormField::text("From", TIME_HINT, &time(query.start)),
        FormField::text("Until", TIME_HINT, &time(query.end)),
        FormField::text("Text", "part of user or address", &text(&query.text)),
    ]
}

struct Values<'a> {
    fields: &'a [FormField],
    now: Timestamp,
}

impl Values<'_> {
    fn text(&self, field: usize) -> Option<String> {
        self.fields.get(field).and_then(FormField::trimmed)
    }

    fn chosen(&self, field: usize) -> usize {
        self.fields.get(field).map_or(0, FormField::chosen)
    }

    fn required(&self, field: usize, what: &str) -> Result<String, Problem> {
        self.text(field).ok_or_else(|| (Some(field), format!("a {what} is required")))
    }

    fn expiry(&self, field: usize) -> Result<Option<Timestamp>, Problem> {
        time_parse::parse_expiry(&self.text(field).unwrap_or_default(), self.now)
            .map_err(|why| (Some(field), why.to_owned()))
    }

    fn time(&self, field: usize) -> Result<Option<Timestamp>, Problem> {
        time_parse::parse_past(&self.text(field).unwrap_or_default(), self.now)
            .map_err(|why| (Some(field), why.to_owned()))
    }

    fn create_tenant(&self) -> Result<CreateTenantRequest, Problem> {
        let name = self.required(0, "name")?;
        let origins = self.text(2).unwrap_or_default();
        let origins: Vec<String> =
            origins.split([' ', ',']).filter(|origin| !origin.is_empty()).map(str::to_owned).collect();
        let config = match self.text(1) {
            None if origins.is_empty() => None,
            None => return Err((Some(1), "origins require the RP ID, the domain they belong to".to_owned())),
            Some(_) if origins.is_empty() => return Err((Some(2), "at least one origin is required".to_owned())),
            Some(id) => {
                let relying_party = RelyingParty::new(id, name.clone(), origins);
                Some(TenantConfig::for_relying_party(relying_party))
            }
        };
        Ok(CreateTenantRequest { id: None, display_name: Some(name), config, create_api_key: self.chosen(3) == 0 })
    }

    /// Returns the request, and the names or ids of the token's tenants.
    fn create_token(&self) -> Result<(CreateAdminTokenRequest, Vec<String>), Problem> {
        let name = self.required(0, "name")?;
        let role = match self.chosen(1) {
            0 => Role::Auditor,
            1 => Role::Admin,
            _ => Role::Metrics,
        };
        let tenants: Vec<String> = match self.text(2) {
            None => Vec::new(),
            Some(text) => text.split(',').map(|tenant| tenant.trim().to_owned()).collect(),
        };
        // If empty names were ignored, a text of commas only would create a token for all tenants.
        if tenants.iter().any(String::is_empty) {
            let why = "enter a name or id before and after each comma, or leave this empty for all tenants";
            return Err((Some(2), why.to_owned()));
        }
        if role == Role::Metrics && !tenants.is_empty() {
            return Err((Some(2), "the metrics are those of all tenants, so leave this empty".to_owned()));
        }
        let expires_at = self.expiry(3)?;
        Ok((CreateAdminTokenRequest { name: Some(name), role: Some(role), tenants: None, expires_at }, tenants))
    }

    fn filters(&self, query: &AuditQuery) -> Result<AuditQuery, Problem> {
        let outcome = match self.chosen(0) {
            0 => None,
            1 => Some(AuditOutcome::Succeeded),
            _ => Some(AuditOutcome::Failed),
        };
        let (start, end) = (self.time(3)?, self.time(4)?);
        if start.is_some() && end.is_some() && start >= end {
            return Err((Some(4), "the end must be after the start".to_owned()));
        }
        let (actor, source_ip, text) = (self.text(1), self.text(2), self.text(5));
        Ok(AuditQuery { outcome, actor, source_ip, start, end, text, ..query.clone() })
    }
}

/// Validates the fields and returns the request to send. If the form sends no request, performs the action of the form
/// and returns `None`.
pub(super) fn submit(
    kind: &FormKind,
    fields: &[FormField],
    folders: &BaseFolders,
    cx: &mut UpdateContext<'_>,
) -> Result<Option<BackendRequest>, Problem> {
    let form = Values { fields, now: cx.wall };
    Ok(Some(match kind {
        FormKind::CreateTenant => BackendRequest::CreateTenant(Box::new(form.create_tenant()?)),
        FormKind::RenameTenant(id, from) => BackendRequest::RenameTenant(*id, from.clone(), form.required(0, "name")?),
        FormKind::CreateApiKey(tenant, _) => {
            let request = CreateSecretRequest { name: Some(form.required(0, "name")?), expires_at: form.expiry(1)? };
            BackendRequest::CreateApiKey(*tenant, request)
        }
        FormKind::CreateToken => {
            let (request, tenants) = form.create_token()?;
            BackendRequest::CreateAdminToken(request, tenants)
        }
        FormKind::RotateSigningKey(tenant, _) => {
            let algorithm = form.chosen(0).checked_sub(1).and_then(|at| SigningAlgorithm::ALL.get(at)).copied();
            BackendRequest::RotateSigningKey(*tenant, algorithm, form.chosen(1) == 1)
        }
        FormKind::Export(query) => {
            let format = if form.chosen(0) == 0 { ExportFormat::Ndjson } else { ExportFormat::Csv };
            let path = folders.resolve(&form.required(1, "file")?);
            cx.navigate(Navigation::Export(Box::new(ExportRequest { query: query.as_ref().clone(), format, path })));
            return Ok(None);
        }
        FormKind::Filter(query) => {
            let query = form.filters(query)?;
            cx.navigate(Navigation::ApplyFilters(Box::new(query)));
            return Ok(None);
        }
    }))
}

/// Makes the extension of the export file match the chosen format.
pub(super) fn follow_format(kind: &FormKind, fields: &mut [FormField]) {
    if let (FormKind::Export(_), [format, file]) = (kind, fields) {
        let (from, to) = if format.chosen() == 0 { (".csv", ".ndjson") } else { (".ndjson", ".csv") };
        if let Some(stem) = file.trimmed().as_deref().and_then(|path| path.strip_suffix(from)) {
            *file = FormField::text(file.label, file.hint, &format!("{stem}{to}"));
        }
    }
}

pub(super) fn handle_success(
    kind: &FormKind,
    fields: &[FormField],
    response: BackendResponse,
    cx: &mut UpdateContext<'_>,
) {
    let name = fields.first().and_then(FormField::trimmed).unwrap_or_default();
    let mut secret = None;
    match (kind, response) {
        (FormKind::CreateTenant, BackendResponse::Created(id, key)) => {
            cx.toast(Tone::Good, format!("Created tenant {name}"));
            cx.open(Route::Tenant { id, name });
            if let Some(revealed) = key {
                cx.show(Dialog::Secret { kind: "API key", revealed });
            }
            return;
        }
        (FormKind::CreateApiKey(..), BackendResponse::Secret(key)) => secret = Some(("API key", key)),
        (FormKind::CreateToken, BackendResponse::Secret(token)) => secret = Some(("admin token", token)),
        (FormKind::RenameTenant(id, from), _) => {
            let call = BackendRequest::RenameTenant(*id, name.clone(), from.clone());
            let calls = VecDeque::from([(from.clone(), call)]);
            let undo = Undo { calls, done: format!("Renamed back to {from}") };
            cx.offer_undo(format!("Renamed to {name}"), undo);
        }
        (FormKind::RotateSigningKey(..), BackendResponse::SigningKeys(keys)) => {
            let from = keys.first().map(|key| format!("; it signs from {}", time_format::date_time(key.signs_from)));
            cx.toast(Tone::Good, format!("Published a new signing key{}", from.unwrap_or_default()));
        }
        _ => {}
    }
    cx.navigate(Navigation::Reload);
    if let Some((kind, revealed)) = secret {
        cx.show(Dialog::Secret { kind, revealed });
    }
}
