//! `clientDataJSON` before hashing (WebAuthn §5.8.1).

use serde_json::Value;

#[derive(Debug, Clone, PartialEq)]
pub enum ClientData {
    /// JSON members in the order of the text (§5.8.1.1 defines the correct order). Names may be repeated.
    Members(Vec<(String, Value)>),
    Raw(Vec<u8>),
}

impl ClientData {
    /// Creates the client data of a browser outside frames: `type`, `challenge`, `origin`, `crossOrigin: false`.
    pub fn new(kind: &str, challenge: &str, origin: &str) -> Self {
        Self::Members(vec![
            ("type".into(), kind.into()),
            ("challenge".into(), challenge.into()),
            ("origin".into(), origin.into()),
            ("crossOrigin".into(), false.into()),
        ])
    }

    /// Returns a member, or `None` for raw bytes.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Members(members) => members.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            Self::Raw(_) => None,
        }
    }

    /// Replaces a member or adds it at the end. Does nothing for raw bytes.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        let Self::Members(members) = self else { return };
        match members.iter_mut().find(|(key, _)| key == name) {
            Some((_, current)) => *current = value.into(),
            None => members.push((name.into(), value.into())),
        }
    }

    /// Adds a member at the end, even if a member with this name exists. Does nothing for raw bytes.
    pub fn push(&mut self, name: &str, value: impl Into<Value>) {
        if let Self::Members(members) = self {
            members.push((name.into(), value.into()));
        }
    }

    /// Removes a member. Does nothing for raw bytes.
    pub fn remove(&mut self, name: &str) {
        if let Self::Members(members) = self {
            members.retain(|(key, _)| key != name);
        }
    }

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
