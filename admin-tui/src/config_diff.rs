//! Differences between two configurations in their JSON form.

use std::{collections::BTreeSet, fmt};

use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The path of the value, such as `webauthn.timeout`.
    pub path: String,
    pub old: Option<Value>,
    pub new: Option<Value>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Option<Value>| value.as_ref().map_or_else(|| "(absent)".to_owned(), ToString::to_string);
        write!(f, "{}: {} → {}", self.path, text(&self.old), text(&self.new))
    }
}

pub fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Returns the values that differ. Objects are compared member by member, lists as a whole.
pub fn diff(old: &Value, new: &Value) -> Vec<Change> {
    diff_values("", Some(old), Some(new))
}

/// Returns the changes that the detail of an audit entry records as `before` and `after`, and the rest of the detail.
pub fn recorded(detail: &Value) -> (Vec<Change>, Option<Value>) {
    fn collect(path: &str, detail: &Value, changes: &mut Vec<Change>) -> Option<Value> {
        let Value::Object(members) = detail else { return Some(detail.clone()) };
        if let (Some(before), Some(after), 2) = (members.get("before"), members.get("after"), members.len()) {
            changes.extend(diff_values(path, Some(before), Some(after)));
            return None;
        }
        let mut rest = serde_json::Map::new();
        for (name, value) in members {
            if let Some(value) = collect(&join(path, name), value, changes) {
                rest.insert(name.clone(), value);
            }
        }
        Some(Value::Object(rest)).filter(|rest| rest.as_object().is_none_or(|rest| !rest.is_empty()))
    }
    let mut changes = Vec::new();
    let rest = collect("", detail, &mut changes);
    (changes, rest)
}

fn diff_values(path: &str, old: Option<&Value>, new: Option<&Value>) -> Vec<Change> {
    if old == new {
        return Vec::new();
    }
    if let (Some(Value::Object(old)), Some(Value::Object(new))) = (old, new) {
        let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
        return names
            .into_iter()
            .flat_map(|name| diff_values(&join(path, name), old.get(name), new.get(name)))
            .collect();
    }
    vec![Change { path: path.to_owned(), old: old.cloned(), new: new.cloned() }]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn changes_are_listed_by_value() {
        let old = json!({ "a": { "b": 1, "c": ["x"] }, "d": true });
        let new = json!({ "a": { "b": 2, "c": ["x", "y"] }, "d": true, "e": null });
        let change = |path: &str, old, new| Change { path: path.to_owned(), old, new };
        let changes = [
            change("a.b", Some(json!(1)), Some(json!(2))),
            change("a.c", Some(json!(["x"])), Some(json!(["x", "y"]))),
            change("e", None, Some(Value::Null)),
        ];
        assert_eq!(diff(&old, &new), changes);
    }
    #[test]
    fn recorded_changes_are_separated_from_other_details() {
        let change = |path: &str, old, new| Change { path: path.to_owned(), old, new };
        let detail = json!({ "before": { "a": 1, "b": 2 }, "after": { "a": 1, "b": 3 } });
        assert_eq!(recorded(&detail), (vec![change("b", Some(json!(2)), Some(json!(3)))], None));
        let detail = json!({ "name": { "before": "x", "after": "y" }, "id": 7, "empty": {} });
        let (changes, rest) = recorded(&detail);
        assert_eq!(changes, [change("name", Some(json!("x")), Some(json!("y")))]);
        assert_eq!(rest, Some(json!({ "id": 7 })));
        assert_eq!(recorded(&json!({ "id": 7 })), (Vec::new(), Some(json!({ "id": 7 }))));
    }
}
