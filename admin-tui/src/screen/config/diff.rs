//! Differences between two configurations.

use std::collections::BTreeMap;

use doorward_shared::config::TenantConfig;
use serde_json::Value;

use crate::ui::Tone;

/// Lists the changed values: the path, removed values with `-` and added values with `+`.
pub(super) fn changes(before: &TenantConfig, after: &TenantConfig) -> Vec<(Tone, String)> {
    let (before, after) = (flatten(before), flatten(after));
    let paths = before.keys().chain(after.keys().filter(|path| !before.contains_key(*path)));
    let mut lines = Vec::new();
    for path in paths {
        let (old, new) = (before.get(path).cloned().unwrap_or_default(), after.get(path).cloned().unwrap_or_default());
        if old == new {
            continue;
        }
        lines.push((Tone::Dim, path.clone()));
        let removed = old.iter().filter(|value| !new.contains(value));
        lines.extend(removed.map(|value| (Tone::Bad, format!("  - {value}"))));
        let added = new.iter().filter(|value| !old.contains(value));
        lines.extend(added.map(|value| (Tone::Good, format!("  + {value}"))));
    }
    lines
}

/// Returns the values of a configuration by path: several for a list, none for an absent value.
fn flatten(config: &TenantConfig) -> BTreeMap<String, Vec<String>> {
    fn text(value: &Value) -> String {
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    }
    fn add(path: &str, value: &Value, values: &mut BTreeMap<String, Vec<String>>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    add(&path, value, values);
                }
            }
            Value::Null => {}
            Value::Array(items) => drop(values.insert(path.to_owned(), items.iter().map(text).collect())),
            other => drop(values.insert(path.to_owned(), vec![text(other)])),
        }
    }
    let mut values = BTreeMap::new();
    add("", &serde_json::to_value(config).unwrap_or_default(), &mut values);
    values
}
