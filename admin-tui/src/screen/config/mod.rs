//! A tenant's configuration as a form: one row a value, checked by the server while it is written.

mod slot;

use doorward_shared::{
    Timestamp,
    admin::{ConfigCheck, ConfigProblem},
    config::{
        Attachment, AttestationPreference, Cors, Mfa, RelyingParty, ResidentKey, TenantConfig, UserVerification,
        Webauthn,
    },
};

use crate::{
    api::ApiError,
    backend::{Answer, Call},
    field::Field,
    list::{Cursor, Remote},
    message::Reply,
    model::{Cx, Tone},
};

pub use slot::{Group, Slot};

/// How long nothing must be written until the server is asked.
const PAUSE_MS: i64 = 300;

/// A value.
#[derive(Debug, Clone)]
pub enum Value {
    /// A text.
    Text(Field),
    /// One of these words.
    Choice(Vec<&'static str>, usize),
}

/// A row.
#[derive(Debug, Clone)]
pub struct Line {
    /// What it is about.
    pub slot: Slot,
    /// Its value.
    pub value: Value,
}

impl Line {
    /// Its value as a text.
    #[must_use]
    pub fn text(&self) -> &str {
        match &self.value {
            Value::Text(field) => field.text(),
            Value::Choice(words, chosen) => words.get(*chosen).copied().unwrap_or_default(),
        }
    }
}

/// The form.
#[derive(Debug, Clone)]
pub struct ConfigForm {
    /// The rows, in the order of the groups.
    pub lines: Vec<Line>,
    /// The selected row.
    pub cursor: Cursor,
    /// Whether the selected row is being written.
    pub editing: bool,
    /// What the server has.
    pub original: TenantConfig,
    check: Remote<ConfigCheck>,
    due: Option<Timestamp>,
    before: String,
}

/// What stands for "no restriction" in choices.
const ANY: &str = "any";

fn text(slot: Slot, value: &str) -> Line {
    Line { slot, value: Value::Text(Field::new(value)) }
}

fn choice(slot: Slot, words: Vec<&'static str>, value: &str) -> Line {
    let chosen = words.iter().position(|word| *word == value).unwrap_or(0);
    Line { slot, value: Value::Choice(words, chosen) }
}

fn verification(slot: Slot, value: UserVerification) -> Line {
    choice(slot, UserVerification::ALL.iter().map(|it| it.as_str()).collect(), value.as_str())
}

fn resident_key(slot: Slot, value: ResidentKey) -> Line {
    choice(slot, ResidentKey::ALL.iter().map(|it| it.as_str()).collect(), value.as_str())
}

fn attestation(slot: Slot, value: AttestationPreference) -> Line {
    choice(slot, AttestationPreference::ALL.iter().map(|it| it.as_str()).collect(), value.as_str())
}

fn attachment(slot: Slot, value: Option<Attachment>) -> Line {
    let words = std::iter::once(ANY).chain(Attachment::ALL.iter().map(|it| it.as_str())).collect();
    choice(slot, words, value.map_or(ANY, Attachment::as_str))
}

fn lines(config: &TenantConfig) -> Vec<Line> {
    let TenantConfig { cors, webauthn, mfa } = config;
    let (rp, mfa) = (&webauthn.relying_party, mfa.clone().unwrap_or_default());
    let list = |slot, values: &[String]| {
        let last = text(slot, "");
        values.iter().map(move |value| text(slot, value)).chain(std::iter::once(last)).collect::<Vec<_>>()
    };
    let mut lines = vec![
        text(Slot::RpId, &rp.id),
        text(Slot::RpName, &rp.display_name),
        text(Slot::RpIcon, rp.icon.as_deref().unwrap_or_default()),
    ];
    lines.extend(list(Slot::Origin, &rp.origins));
    lines.extend([
        text(Slot::Timeout, &webauthn.timeout.to_string()),
        verification(Slot::Verification, webauthn.user_verification),
        attachment(Slot::Attachment, webauthn.attachment),
        attestation(Slot::Attestation, webauthn.attestation_preference),
        resident_key(Slot::ResidentKey, webauthn.resident_key_requirement),
        text(Slot::MfaTimeout, &mfa.timeout.map(|timeout| timeout.to_string()).unwrap_or_default()),
        verification(Slot::MfaVerification, mfa.user_verification),
        attachment(Slot::MfaAttachment, mfa.attachment),
        attestation(Slot::MfaAttestation, mfa.attestation_preference),
        resident_key(Slot::MfaResidentKey, mfa.resident_key_requirement),
    ]);
    lines.extend(list(Slot::CorsOrigin, &cors.allowed_origins));
    lines.push(choice(Slot::CorsWildcard, vec!["no", "yes"], if cors.allow_unsafe_wildcard { "yes" } else { "no" }));
    lines
}

impl ConfigForm {
    /// A form about a configuration.
    #[must_use]
    pub fn new(config: TenantConfig) -> Self {
        Self {
            lines: lines(&config),
            cursor: Cursor::default(),
            editing: false,
            original: config,
            check: Remote::default(),
            due: None,
            before: String::new(),
        }
    }

    /// Takes what the server has now. What was written since stays.
    pub fn refresh(&mut self, config: TenantConfig) {
        let written = self.compose();
        if !self.is_changed() || written.as_ref() == Ok(&config) {
            let cursor = self.cursor;
            *self = Self::new(config);
            self.cursor = cursor;
            self.cursor.select(cursor.selected, self.lines.len());
        } else {
            self.original = config;
        }
    }

    fn word<T: std::str::FromStr>(&self, slot: Slot) -> Option<T> {
        self.lines.iter().find(|line| line.slot == slot).and_then(|line| line.text().trim().parse().ok())
    }

    fn given(&self, slot: Slot) -> String {
        self.lines.iter().find(|line| line.slot == slot).map(|line| line.text().trim().to_owned()).unwrap_or_default()
    }

    fn all(&self, slot: Slot) -> Vec<String> {
        let texts = self.lines.iter().filter(|line| line.slot == slot).map(|line| line.text().trim());
        texts.filter(|text| !text.is_empty()).map(str::to_owned).collect()
    }

    /// The configuration as it is written.
    ///
    /// # Errors
    /// What is not even a value: a number that is none.
    pub fn compose(&self) -> Result<TenantConfig, ConfigProblem> {
        let number = |slot: Slot| {
            self.word::<u32>(slot).ok_or_else(|| ConfigProblem {
                field: slot.path().to_owned(),
                message: "write a number of milliseconds, such as 60000".to_owned(),
            })
        };
        let present = self.original.webauthn.clone();
        let former = self.original.mfa.clone().unwrap_or_default();
        Ok(TenantConfig {
            cors: Cors {
                allowed_origins: self.all(Slot::CorsOrigin),
                allow_unsafe_wildcard: self.given(Slot::CorsWildcard) == "yes",
            },
            webauthn: Webauthn {
                relying_party: RelyingParty {
                    id: self.given(Slot::RpId),
                    display_name: self.given(Slot::RpName),
                    icon: Some(self.given(Slot::RpIcon)).filter(|icon| !icon.is_empty()),
                    origins: self.all(Slot::Origin),
                },
                timeout: number(Slot::Timeout)?,
                user_verification: self.word(Slot::Verification).unwrap_or(present.user_verification),
                attachment: self.word(Slot::Attachment),
                attestation_preference: self.word(Slot::Attestation).unwrap_or(present.attestation_preference),
                resident_key_requirement: self.word(Slot::ResidentKey).unwrap_or(present.resident_key_requirement),
            },
            mfa: Some(Mfa {
                timeout: match self.given(Slot::MfaTimeout).as_str() {
                    "" => None,
                    _ => Some(number(Slot::MfaTimeout)?),
                },
                user_verification: self.word(Slot::MfaVerification).unwrap_or(former.user_verification),
                attachment: self.word(Slot::MfaAttachment),
                attestation_preference: self.word(Slot::MfaAttestation).unwrap_or(former.attestation_preference),
                resident_key_requirement: self.word(Slot::MfaResidentKey).unwrap_or(former.resident_key_requirement),
            }),
        })
    }

    /// Whether something is written that the server does not have.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        let original =
            TenantConfig { mfa: Some(self.original.mfa.clone().unwrap_or_default()), ..self.original.clone() };
        self.compose().as_ref() != Ok(&original)
    }

    /// Everything that is wrong, as far as it is known.
    #[must_use]
    pub fn problems(&self) -> Vec<ConfigProblem> {
        match self.compose() {
            Err(problem) => vec![problem],
            Ok(_) if self.is_changed() => self.check.value.clone().unwrap_or_default().problems,
            Ok(_) => Vec::new(),
        }
    }

    /// Whether the server is being asked about what is written.
    #[must_use]
    pub const fn is_checking(&self) -> bool {
        self.check.is_pending() || self.due.is_some()
    }

    /// Why the server could not be asked about what is written.
    #[must_use]
    pub const fn check_error(&self) -> Option<&ApiError> {
        self.check.error.as_ref()
    }

    /// What is wrong with a row.
    #[must_use]
    pub fn problem_of(&self, row: usize, problems: &[ConfigProblem]) -> Option<String> {
        let line = self.lines.get(row)?;
        let mut path = line.slot.path().to_owned();
        if line.slot.is_list() && !line.text().trim().is_empty() {
            let before = self.lines.iter().take(row).filter(|it| it.slot == line.slot && !it.text().trim().is_empty());
            path = format!("{path}[{}]", before.count());
        }
        problems.iter().find(|problem| problem.field == path).map(|problem| problem.message.clone())
    }

    /// What differs from what the server has, value by value.
    #[must_use]
    pub fn diff(&self, config: &TenantConfig) -> Vec<(Tone, String)> {
        let (before, after) = (leaves(&self.original), leaves(config));
        let mut lines = Vec::new();
        let paths = before.iter().chain(after.iter().filter(|(path, _)| !before.iter().any(|(it, _)| it == path)));
        for (path, _) in paths {
            let values = |of: &[Leaf]| {
                of.iter().find(|(it, _)| it == path).map(|(_, values)| values.clone()).unwrap_or_default()
            };
            let (old, new) = (values(&before), values(&after));
            if old == new {
                continue;
            }
            lines.push((Tone::Dim, path.clone()));
            let gone = old.iter().filter(|value| !new.contains(value));
            lines.extend(gone.map(|value| (Tone::Bad, format!("  - {value}"))));
            let come = new.iter().filter(|value| !old.contains(value));
            lines.extend(come.map(|value| (Tone::Good, format!("  + {value}"))));
        }
        lines
    }

    fn selected(&mut self) -> Option<&mut Line> {
        self.lines.get_mut(self.cursor.selected)
    }

    /// Begins to write the selected row, or takes its next word.
    pub fn edit(&mut self, cx: &Cx<'_>) {
        let text = self.selected().map(|line| line.text().to_owned());
        match self.selected().map(|line| &mut line.value) {
            Some(Value::Text(_)) => {
                self.before = text.unwrap_or_default();
                self.editing = true;
            }
            Some(Value::Choice(words, chosen)) => {
                *chosen = (*chosen + 1) % words.len().max(1);
                self.changed(cx);
            }
            None => {}
        }
    }

    /// Stops writing; the row becomes what it was when `keep` is false.
    pub fn stop(&mut self, keep: bool, cx: &Cx<'_>) {
        self.editing = false;
        let before = std::mem::take(&mut self.before);
        if !keep && let Some(Line { value: Value::Text(field), .. }) = self.selected() {
            *field = Field::new(&before);
        }
        self.changed(cx);
        self.tidy();
    }

    /// Keeps exactly one empty row at the end of each list, and the selection where it is.
    fn tidy(&mut self) {
        for slot in [Slot::Origin, Slot::CorsOrigin] {
            let selected = self.cursor.selected;
            let is_blank = |line: &Line| line.slot == slot && line.text().trim().is_empty();
            let on_blank = self.lines.get(selected).is_some_and(is_blank);
            let gone = self.lines.iter().take(selected).filter(|line| is_blank(line)).count();
            self.lines.retain(|line| !is_blank(line));
            let last = self.lines.iter().rposition(|line| line.slot == slot);
            let before = self.lines.iter().position(|line| line.slot == slot.after_list());
            let at = last.map(|last| last + 1).or(before).unwrap_or(self.lines.len());
            self.lines.insert(at, text(slot, ""));
            let kept = selected - gone;
            let now = if on_blank || kept < at { kept } else { kept + 1 };
            self.cursor.select(now, self.lines.len());
        }
    }

    /// The row that is being written.
    pub fn field(&mut self) -> Option<&mut Field> {
        if !self.editing {
            return None;
        }
        match &mut self.selected()?.value {
            Value::Text(field) => Some(field),
            Value::Choice(..) => None,
        }
    }

    /// After something changed: the server is asked soon.
    pub fn changed(&mut self, cx: &Cx<'_>) {
        self.due = Some(cx.now.plus_millis(PAUSE_MS));
    }

    /// Back to what the server has.
    pub fn revert(&mut self) {
        *self = Self { cursor: self.cursor, ..Self::new(self.original.clone()) };
        self.cursor.select(self.cursor.selected, self.lines.len());
    }

    /// Asks the server when it is time.
    pub fn tick(&mut self, cx: &mut Cx<'_>) {
        if self.due.is_none_or(|due| due > cx.now) {
            return;
        }
        self.due = None;
        if let Ok(config) = self.compose() {
            self.check.load(Call::CheckConfig(Box::new(config)), cx);
        }
    }

    /// Takes the server's judgement, or gives back what is none.
    pub fn settle(&mut self, reply: Reply) -> Option<Reply> {
        self.check.settle(reply, |answer| match answer {
            Answer::ConfigCheck(check) => Some(check),
            _ => None,
        })
    }
}

/// A value's path, and the value: several for a list, none for what is absent.
type Leaf = (String, Vec<String>);

/// Every value of a configuration.
fn leaves(config: &TenantConfig) -> Vec<Leaf> {
    fn text(value: &serde_json::Value) -> String {
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    }
    fn walk(path: String, value: &serde_json::Value, into: &mut Vec<Leaf>) {
        match value {
            serde_json::Value::Object(fields) => {
                for (name, value) in fields {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    walk(path, value, into);
                }
            }
            serde_json::Value::Null => {}
            serde_json::Value::Array(items) => into.push((path, items.iter().map(text).collect())),
            other => into.push((path, vec![text(other)])),
        }
    }
    let mut found = Vec::new();
    // A configuration is plain data: there is no value that JSON cannot hold.
    walk(String::new(), &serde_json::to_value(config).unwrap_or_default(), &mut found);
    found
}
