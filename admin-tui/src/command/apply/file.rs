//! Parses the file of `apply`.

use std::{collections::BTreeMap, fmt};

use doorward_shared::{TenantId, command_line};
use serde_json::{Map, Value};

use super::lines::{Document, Lines};

const MEMBERS: [&str; 4] = ["id", "display_name", "disabled", "config"];

/// A tenant as the file describes it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WantedTenant {
    pub(super) id: Option<TenantId>,
    /// Empty if the name in the file is missing or invalid.
    pub(super) display_name: String,
    /// `None` leaves the state unchanged.
    pub(super) disabled: Option<bool>,
    /// The configuration in the JSON form of the admin API. The server validates it.
    pub(super) config: Value,
    /// Path in the file, such as `tenant[2]`.
    pub(super) path: String,
}

/// A problem of the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Problem {
    line: usize,
    message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

#[derive(Debug, Default)]
pub(super) struct TenantsFile {
    pub(super) tenants: Vec<WantedTenant>,
    lines: Lines,
    pub(super) problems: Vec<Problem>,
    /// `true` if the file has no syntax errors. If `false`, `tenants` is empty: the tenants are not read, because
    /// syntax errors would cause misleading further problems.
    pub(super) has_valid_syntax: bool,
}

impl TenantsFile {
    pub(super) fn parse(text: &str) -> Self {
        let Document { root, lines, errors } = Document::parse(text);
        let problems: Vec<_> = errors.into_iter().map(|(line, message)| Problem { line, message }).collect();
        let has_valid_syntax = problems.is_empty();
        let mut file = Self { tenants: Vec::new(), lines, problems, has_valid_syntax };
        if has_valid_syntax {
            file.read_root(root);
            file.find_duplicates();
        }
        file
    }

    /// Adds a problem with the value at this path. If the value is absent, the problem refers to the line of the table
    /// that should contain the value.
    pub(super) fn add_problem(&mut self, path: &str, message: impl Into<String>) {
        self.problems.push(Problem { line: self.lines.of(path), message: message.into() });
    }

    fn read_root(&mut self, root: Map<String, Value>) {
        for (name, value) in root {
            match value {
                Value::Array(tenants) if name == "tenant" => {
                    for (index, tenant) in tenants.into_iter().enumerate() {
                        self.read_tenant(format!("tenant[{index}]"), tenant);
                    }
                }
                _ if name == "tenant" => {
                    self.add_problem(&name, "`tenant` must be an array of tables: write [[tenant]]")
                }
                _ => {
                    let message = format!("unknown member `{name}`; the file contains only [[tenant]] tables");
                    self.add_problem(&name, message);
                }
            }
        }
    }

    fn read_tenant(&mut self, path: String, tenant: Value) {
        let Value::Object(mut members) = tenant else {
            return self.add_problem(&path, "a tenant must be a table");
        };
        for name in members.keys().filter(|name| !MEMBERS.contains(&name.as_str())) {
            let message = format!("unknown member `{name}`; a tenant has the members {}", MEMBERS.join(", "));
            self.add_problem(&format!("{path}.{name}"), message);
        }
        let id = self.read_member(&path, &members, "id", |value| match value.as_str().map(str::parse) {
            Some(Ok(id)) => Ok(id),
            _ => Err("`id` must be a UUID in quotes"),
        });
        let name = self.read_member(&path, &members, "display_name", |value| {
            // Leading and trailing spaces are kept, so that applying an unchanged export changes nothing.
            let name = value.as_str().filter(|text| command_line::name(text).is_ok());
            name.map(str::to_owned).ok_or("`display_name` must have 1 to 128 characters")
        });
        let disabled = self.read_member(&path, &members, "disabled", |value| {
            value.as_bool().ok_or("`disabled` must be true or false")
        });
        if !members.contains_key("display_name") {
            self.add_problem(&path, "`display_name` is missing");
        }
        match members.remove("config") {
            // The configuration of a tenant with problems is checked as well, so that all problems are reported
            // together.
            Some(config @ Value::Object(_)) => {
                let display_name = name.unwrap_or_default();
                self.tenants.push(WantedTenant { id, display_name, disabled, config, path });
            }
            Some(_) => self.add_problem(&format!("{path}.config"), "`config` must be a table"),
            None => self.add_problem(&path, "`config` is missing"),
        }
    }

    fn read_member<T>(
        &mut self,
        path: &str,
        members: &Map<String, Value>,
        name: &str,
        parse: impl FnOnce(&Value) -> Result<T, &'static str>,
    ) -> Option<T> {
        match parse(members.get(name)?) {
            Ok(value) => Some(value),
            Err(message) => {
                self.add_problem(&format!("{path}.{name}"), message);
                None
            }
        }
    }

    fn find_duplicates(&mut self) {
        let mut first = BTreeMap::new();
        let mut found = Vec::new();
        for tenant in self.tenants.iter().filter(|tenant| !tenant.display_name.is_empty()) {
            let (what, value) = match tenant.id {
                Some(id) => ("id", id.to_string()),
                None => ("display_name", tenant.display_name.clone()),
            };
            let path = format!("{}.{what}", tenant.path);
            match first.get(&(what, value.clone())) {
                Some(line) => found.push((path, format!("the tenant in line {line} has the same {what} {value:?}"))),
                None => drop(first.insert((what, value), self.lines.of(&path))),
            }
        }
        for (path, message) in found {
            self.add_problem(&path, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let mut problems = TenantsFile::parse(text).problems;
        problems.sort();
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn tenants_are_read() {
        let text = "[[tenant]]\nid = \"0198c0de-0000-7000-8000-000000000001\"\ndisplay_name = \" Shop \"\ndisabled = true\n\
                    [tenant.config.mfa]\nattachment = \"any\"\ntimeout = 60_000\n[[tenant]]\ndisplay_name = \"B\"\nconfig = {}\n";
        let file = TenantsFile::parse(text);
        assert_eq!(file.problems, []);
        let [first, second] = file.tenants.as_slice() else { panic!("{file:?}") };
        assert_eq!((first.display_name.as_str(), first.disabled), (" Shop ", Some(true)));
        assert_eq!(first.config, json!({ "mfa": { "attachment": null, "timeout": 60_000 } }));
        assert_eq!((second.id, second.disabled, second.path.as_str()), (None, None, "tenant[1]"));
    }

    #[test]
    fn problems_have_line_numbers() {
        let text = "tenants = 1\n[[tenant]]\nid = \"1\"\ndisplay_name = \"\"\nsecret = 1\nconfig = 1\n[[tenant]]\ndisabled = 1\n";
        assert_eq!(
            problems(text),
            [
                "line 1: unknown member `tenants`; the file contains only [[tenant]] tables",
                "line 3: `id` must be a UUID in quotes",
                "line 4: `display_name` must have 1 to 128 characters",
                "line 5: unknown member `secret`; a tenant has the members id, display_name, disabled, config",
                "line 6: `config` must be a table",
                "line 7: `config` is missing",
                "line 7: `display_name` is missing",
                "line 8: `disabled` must be true or false",
            ]
        );
        assert_eq!(problems("[[tenant]]\nconfig = {}\n"), ["line 1: `display_name` is missing"]);
        assert_eq!(problems("[tenant]\nid = 1\n"), ["line 1: `tenant` must be an array of tables: write [[tenant]]"]);
        let error = problems("[[tenant]]\ndisplay_name = \n");
        assert!(error.len() == 1 && error[0].starts_with("line 2: "), "{error:?}");
    }

    #[test]
    fn tenants_that_occur_twice_are_problems() {
        let text = "[[tenant]]\ndisplay_name = \"A\"\nconfig = {}\n[[tenant]]\ndisplay_name = \"A\"\nconfig = {}\n";
        assert_eq!(problems(text), ["line 5: the tenant in line 2 has the same display_name \"A\""]);
    }
}
