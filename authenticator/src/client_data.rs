//! `clientDataJSON` (WebAuthn §5.8.1), before it is hashed.

use serde_json::Value;

/// What the client says it did.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientData {
    /// The members in the order they will be written, as §5.8.1.1 prescribes one. A name may stand here twice.
    Members(Vec<(String, Value)>),
    /// The bytes themselves.
    Raw(Vec<u8>),
}

impl ClientData {
    /// What a browser writes outside of frames: `type`, `challenge`, `origin`, `crossOrigin: false`.
    #[must_use]
    pub fn new(kind: &str, challenge: &str, origin: &str) -> Self {
        Self::Members(vec![
            ("type".into(), kind.into()),
            ("challenge".into(), challenge.into()),
            ("origin".into(), origin.into()),
            ("crossOrigin".into(), false.into()),
        ])
    }

    /// A member; `None` for raw bytes too.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Members(members) => members.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            Self::Raw(_) => None,
        }
    }

    /// Gives a member another value, or adds it at the end. Raw bytes stay as they are.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        let Self::Members(members) = self else { return };
        match members.iter_mut().find(|(key, _)| key == name) {
            Some((_, present)) => *present = value.into(),
            None => members.push((name.into(), value.into())),
        }
    }

    /// Adds a member at the end, even when there is one of that name. Raw bytes stay as they are.
    pub fn push(&mut self, name: &str, value: impl Into<Value>) {
        if let Self::Members(members) = self {
            members.push((name.into(), value.into()));
        }
    }

    /// Takes a member out. Raw bytes stay as they are.
    pub fn remove(&mut self, name: &str) {
        if let Self::Members(members) = self {
            members.retain(|(key, _)| key != name);
        }
    }

    /// The bytes that are hashed and sent.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Raw(bytes) => bytes.clone(),
            Self::Members(members) => {
                let members: Vec<String> =
                    members.iter().map(|(name, value)| format!("{}:{value}", Value::from(name.as_str()))).collect();
                format!("{{{}}}", members.join(",")).into_bytes()
            }
        }
    }
}
