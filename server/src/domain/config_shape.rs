//! What keeps a JSON value from being a configuration at all: what is missing, and what is of another kind.

use doorward_shared::{
    admin::ConfigProblem,
    config::{Attachment, AttestationPreference, ResidentKey, UserVerification},
};
use serde_json::{Map, Value};

/// What a setting must be.
enum Kind {
    /// A text.
    Text,
    /// Texts.
    Texts,
    /// `true` or `false`.
    Flag,
    /// Milliseconds.
    Millis,
    /// One of some words.
    Word(Vec<&'static str>),
    /// Settings of its own.
    Section(Vec<Setting>),
}

/// A setting.
struct Setting {
    name: &'static str,
    kind: Kind,
    presence: Presence,
}

#[derive(PartialEq, Eq)]
enum Presence {
    /// It must be there.
    Required,
    /// It may be left out.
    Defaulted,
    /// It may be left out, or be null.
    Nullable,
}

use Presence::{Defaulted, Nullable, Required};

macro_rules! words {
    ($type:ident) => {
        Kind::Word($type::ALL.iter().map(|word| word.as_str()).collect())
    };
}

fn settings() -> Vec<Setting> {
    let setting = |name, presence, kind| Setting { name, kind, presence };
    let ceremony = |timeout: Presence| {
        vec![
            setting("timeout", timeout, Kind::Millis),
            setting("user_verification", Defaulted, words!(UserVerification)),
            setting("attachment", Nullable, words!(Attachment)),
            setting("attestation_preference", Defaulted, words!(AttestationPreference)),
            setting("resident_key_requirement", Defaulted, words!(ResidentKey)),
        ]
    };
    let relying_party = vec![
        setting("id", Required, Kind::Text),
        setting("display_name", Required, Kind::Text),
        setting("icon", Nullable, Kind::Text),
        setting("origins", Required, Kind::Texts),
    ];
    let cors = vec![
        setting("allowed_origins", Defaulted, Kind::Texts),
        setting("allow_unsafe_wildcard", Defaulted, Kind::Flag),
    ];
    let mut webauthn = vec![setting("relying_party", Required, Kind::Section(relying_party))];
    webauthn.extend(ceremony(Defaulted));
    vec![
        setting("webauthn", Required, Kind::Section(webauthn)),
        setting("mfa", Nullable, Kind::Section(ceremony(Nullable))),
        setting("cors", Defaulted, Kind::Section(cors)),
    ]
}

/// Everything that keeps a value from being a configuration.
#[must_use]
pub fn problems(value: &Value) -> Vec<ConfigProblem> {
    let mut found = Vec::new();
    match value {
        Value::Object(members) => section(&mut found, "", members, settings()),
        _ => found.push(problem("", "must be a JSON object")),
    }
    found
}

fn problem(field: &str, message: impl Into<String>) -> ConfigProblem {
    ConfigProblem { field: field.to_owned(), message: message.into() }
}

fn section(found: &mut Vec<ConfigProblem>, place: &str, members: &Map<String, Value>, settings: Vec<Setting>) {
    for Setting { name, kind, presence } in settings {
        let field = if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
        match members.get(name) {
            None if presence == Required => found.push(problem(&field, "is required")),
            Some(Value::Null) if presence != Nullable => found.push(problem(&field, "must not be null")),
            None | Some(Value::Null) => {}
            Some(value) => check(found, &field, value, kind),
        }
    }
}

fn check(found: &mut Vec<ConfigProblem>, field: &str, value: &Value, kind: Kind) {
    let message = match (kind, value) {
        (Kind::Section(settings), Value::Object(members)) => return section(found, field, members, settings),
        (Kind::Section(_), _) => "must be a JSON object".to_owned(),
        (Kind::Text, Value::String(_)) | (Kind::Flag, Value::Bool(_)) => return,
        (Kind::Text, _) => "must be a text".to_owned(),
        (Kind::Flag, _) => "must be true or false".to_owned(),
        (Kind::Texts, Value::Array(values)) => {
            for (index, _) in values.iter().enumerate().filter(|(_, value)| !value.is_string()) {
                found.push(problem(&format!("{field}[{index}]"), "must be a text"));
            }
            return;
        }
        (Kind::Texts, _) => "must be a list of texts".to_owned(),
        (Kind::Millis, value) if value.as_u64().is_some_and(|value| u32::try_from(value).is_ok()) => return,
        (Kind::Millis, _) => "must be a whole number of milliseconds".to_owned(),
        (Kind::Word(words), Value::String(word)) if words.contains(&word.as_str()) => return,
        (Kind::Word(words), _) => format!("must be one of {}", words.join(", ")),
    };
    found.push(problem(field, message));
}

#[cfg(test)]
mod tests {
    use doorward_shared::config::{Mfa, RelyingParty, TenantConfig, Webauthn};
    use serde_json::json;

    use super::*;

    fn sample() -> Value {
        let relying_party = RelyingParty {
            id: "example.com".to_owned(),
            display_name: "Example".to_owned(),
            icon: Some("https://example.com/icon.png".to_owned()),
            origins: vec!["https://example.com".to_owned()],
        };
        let mut webauthn = Webauthn::for_relying_party(relying_party);
        webauthn.attachment = Some(Attachment::Platform);
        let mfa = Some(Mfa { timeout: Some(5_000), ..Mfa::default() });
        json!(TenantConfig { cors: Default::default(), webauthn, mfa })
    }

    /// Every value in it, with its place: `/webauthn/timeout`.
    fn pointers(value: &Value, place: &str) -> Vec<String> {
        let inner: Vec<String> = match value {
            Value::Object(members) => {
                members.iter().flat_map(|(name, value)| pointers(value, &format!("{place}/{name}"))).collect()
            }
            Value::Array(values) => {
                values.iter().enumerate().flat_map(|(at, value)| pointers(value, &format!("{place}/{at}"))).collect()
            }
            _ => Vec::new(),
        };
        std::iter::once(place.to_owned()).chain(inner).collect()
    }

    #[test]
    fn it_complains_of_exactly_what_cannot_be_read() {
        let sample = sample();
        assert_eq!(problems(&sample), []);
        let (mut read, mut refused) = (0, 0);
        for pointer in pointers(&sample, "") {
            let others = [
                json!(null),
                json!("x"),
                json!(5),
                json!(-1),
                json!(1.5),
                json!(true),
                json!([]),
                json!([7]),
                json!({}),
                json!("required"),
                json!("platform"),
                json!(4_294_967_296_u64),
            ];
            let mut changed: Vec<Value> = others
                .into_iter()
                .map(|other| {
                    let mut changed = sample.clone();
                    *changed.pointer_mut(&pointer).unwrap() = other;
                    changed
                })
                .collect();
            if let Some((parent, name)) = pointer.rsplit_once('/') {
                let mut without = sample.clone();
                if let Some(members) = without.pointer_mut(parent).unwrap().as_object_mut() {
                    members.remove(name);
                    changed.push(without);
                }
            }
            for value in changed {
                let (found, readable) = (problems(&value), serde_json::from_value::<TenantConfig>(value.clone()));
                // A list of settings without their names can be read; that is nobody's intention.
                let nameless = found.len() == 1 && value.pointer(&pointer).is_some_and(Value::is_array);
                assert_eq!(
                    found.is_empty() || nameless,
                    readable.is_ok() || nameless,
                    "{value} {found:?} {readable:?}"
                );
                if readable.is_ok() { read += 1 } else { refused += 1 }
            }
        }
        assert!(read > 20 && refused > 100, "{read} {refused}");
    }

    #[test]
    fn everything_is_named_with_its_place() {
        let value = json!({
            "webauthn": {
                "relying_party": { "id": 5, "origins": ["https://example.com", null] },
                "user_verification": "sometimes",
            },
            "mfa": [],
            "cors": { "allowed_origins": "*" },
        });
        let found: Vec<_> = problems(&value).into_iter().map(|one| (one.field, one.message)).collect();
        let expected = [
            ("webauthn.relying_party.id", "must be a text"),
            ("webauthn.relying_party.display_name", "is required"),
            ("webauthn.relying_party.origins[1]", "must be a text"),
            ("webauthn.user_verification", "must be one of required, preferred, discouraged"),
            ("mfa", "must be a JSON object"),
            ("cors.allowed_origins", "must be a list of texts"),
        ];
        assert_eq!(found, expected.map(|(field, message)| (field.to_owned(), message.to_owned())));
        assert_eq!(problems(&json!([])), [problem("", "must be a JSON object")]);
    }
}
