//! Collects the value and the source of each setting.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _},
    path::Path,
    time::Duration,
};

use toml::{Table, Value};

use super::{
    database_url_text::DatabaseUrlText,
    error::Problem,
    input::{ConfigFile, Flags},
    parse,
    renamed::Renamed,
    setting::{SECRET_FILES, SETTINGS, Setting, find, is_foreign, nearest},
    source::Source,
};

/// Maximum number of bytes that are read from a file that contains the value of one setting.
const MAX_SECRET: u64 = 64 * 1024;

/// The effective value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    pub key: &'static str,
    /// Value as text, without passwords and without the arguments of a command.
    pub value: String,
    pub source: Source,
}

/// Values of the settings as text, and the problems found so far.
#[derive(Debug)]
pub(super) struct Values {
    found: BTreeMap<&'static str, (String, Source)>,
    problems: Vec<Problem>,
    /// One warning for each old name that is used.
    warnings: Vec<String>,
}

impl Values {
    pub(super) fn collect(
        flags: &Flags,
        env: &BTreeMap<String, String>,
        file: Option<ConfigFile<'_>>,
        renamed: &[Renamed],
    ) -> Self {
        let mut values = Self { found: BTreeMap::new(), problems: Vec::new(), warnings: Vec::new() };
        if let Some(file) = file {
            values.take_file(file, renamed);
        }
        values.take_variables(env, renamed);
        for setting in SETTINGS {
            if let (Some(name), Some(value)) = (setting.flag, flag(flags, setting.key)) {
                values.found.insert(setting.key, (value.to_owned(), Source::Flag(name)));
            }
        }
        values.take_secret_files();
        values
    }

    /// Reads the values of settings such as `database.url` from the files that settings such as `database.url_file`
    /// name.
    fn take_secret_files(&mut self) {
        for &(key, file_key) in SECRET_FILES {
            let Some((path, file_source)) = self.found.get(file_key).filter(|(path, _)| !path.is_empty()).cloned()
            else {
                continue;
            };
            if let Some((_, source)) = self.found.get(key).filter(|(value, _)| !value.is_empty()).cloned() {
                self.problems.push(Problem::TwoValues { key, source, file_key, file_source });
                continue;
            }
            match secret_of_file(Path::new(&path)) {
                Ok(value) => {
                    self.found.insert(key, (value, Source::File(path.into())));
                }
                Err(error) => self.refuse(file_key, &format!("a file with the value of {key}: {error}")),
            }
        }
    }

    fn take_variables(&mut self, env: &BTreeMap<String, String>, renamed: &[Renamed]) {
        for (name, value) in env.iter().filter(|(name, _)| name.starts_with("DOORWARD_")) {
            match SETTINGS.iter().find(|setting| setting.variable == name) {
                Some(_) if value.is_empty() => {}
                Some(setting) => {
                    self.found.insert(setting.key, (value.clone(), Source::Variable(setting.variable)));
                }
                None if is_foreign(name, value) || renamed.iter().any(|entry| entry.old == name) => {}
                None => {
                    let nearest = nearest(name, SETTINGS.iter().map(|setting| setting.variable));
                    self.problems.push(Problem::UnknownVariable { name: name.clone(), nearest });
                }
            }
        }
        for &Renamed { old, key } in renamed {
            let (Some(value), Some(setting)) = (env.get(old).filter(|value| !value.is_empty()), find(key)) else {
                continue;
            };
            if self.may_use_old_name(old, setting.variable, setting, None) {
                self.found.insert(key, (value.clone(), Source::Variable(old)));
            }
        }
    }

    /// Records a warning about an old name and returns `true`. If the source that contains the old name also sets the
    /// present name, records a problem instead and returns `false`.
    fn may_use_old_name(
        &mut self,
        old: &'static str,
        new: &'static str,
        setting: &Setting,
        file: Option<&Path>,
    ) -> bool {
        let path = file.map(Path::to_path_buf);
        let is_set_there = self.found.get(setting.key).is_some_and(|(_, source)| match source {
            Source::File(_) => file.is_some(),
            Source::Variable(_) => file.is_none(),
            Source::Flag(_) | Source::Default => false,
        });
        if is_set_there {
            self.problems.push(Problem::OldNameToo { path, old, new });
            return false;
        }
        let place = path.map(|path| format!(" ({})", path.display())).unwrap_or_default();
        self.warnings.push(format!("{old}{place} is the old name of a setting: rename it to {new}"));
        true
    }

    fn take_file(&mut self, file: ConfigFile<'_>, renamed: &[Renamed]) {
        let table = match file.text.parse::<Table>() {
            Ok(table) => table,
            Err(error) => {
                let before = error.span().and_then(|span| file.text.get(..span.start)).unwrap_or_default();
                let line = before.matches('\n').count() + 1;
                let message = error.message().to_owned();
                return self.problems.push(Problem::Syntax { path: file.path.to_owned(), line, message });
            }
        };
        for (section, content) in &table {
            match content {
                Value::Table(content) => {
                    for (name, value) in content {
                        let key = format!("{section}.{name}");
                        if renamed.iter().all(|entry| entry.old != key) {
                            self.take_entry(file.path, key, value);
                        }
                    }
                }
                // Every setting is in a section, so a key outside of all sections is unknown.
                _ => self.unknown_key(file.path, section.clone()),
            }
        }
        for &Renamed { old, key } in renamed {
            let value = old.split_once('.').and_then(|(section, name)| table.get(section)?.get(name));
            let (Some(value), Some(setting)) = (value, find(key)) else { continue };
            if self.may_use_old_name(old, key, setting, Some(file.path)) {
                self.take_entry(file.path, key.to_owned(), value);
            }
        }
    }

    fn take_entry(&mut self, path: &Path, key: String, value: &Value) {
        let Some(setting) = find(&key) else { return self.unknown_key(path, key) };
        let source = Source::File(path.to_owned());
        let text = if setting.key == COMMAND && value.is_array() { list(value) } else { text(value) };
        match text {
            Some(text) => {
                self.found.insert(setting.key, (text, source));
            }
            None => {
                let value = shown(setting, &value.to_string());
                let expected = "a string, a number, or a list of strings".to_owned();
                self.problems.push(Problem::BadValue { key: setting.key, source, value, expected });
            }
        }
    }

    fn unknown_key(&mut self, path: &Path, key: String) {
        // If only the section is wrong or missing, suggest the setting that has this name in another section.
        let last = key.rsplit('.').next().unwrap_or_default();
        let same_name = |setting: &&Setting| setting.key.split('.').nth(1) == Some(last);
        let nearest = SETTINGS
            .iter()
            .find(same_name)
            .map(|setting| setting.key)
            .or_else(|| nearest(&key, SETTINGS.iter().map(|setting| setting.key)));
        self.problems.push(Problem::UnknownKey { path: path.to_owned(), key, nearest });
    }

    fn get(&self, setting: &'static Setting) -> (String, Source) {
        self.found.get(setting.key).cloned().unwrap_or_else(|| (setting.default.to_owned(), Source::Default))
    }

    /// Returns the parsed value of a setting. If it is invalid, records a problem and returns `None`.
    pub(super) fn read<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let (text, _) = find(key).map(|setting| self.get(setting))?;
        let value = parse(text.trim());
        if value.is_none() {
            self.refuse(key, expected);
        }
        value
    }

    /// Like [`Self::read`], for values that can be invalid in several ways. The problem contains the reason, which must
    /// not contain a password.
    pub(super) fn read_or_explain<T, E: std::fmt::Display>(
        &mut self,
        key: &'static str,
        expected: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let (text, _) = find(key).map(|setting| self.get(setting))?;
        match parse(text.trim()) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.refuse(key, &format!("{expected}: {reason}"));
                None
            }
        }
    }

    pub(super) fn read_number(&mut self, key: &'static str, least: usize, most: usize) -> Option<usize> {
        self.read(key, &format!("a number from {least} to {most}"), |text| parse::number(text, least, most))
    }

    pub(super) fn read_duration(&mut self, key: &'static str) -> Option<Duration> {
        self.read(key, "a duration like 500ms, 30s or 5m, from 10ms to 1h", parse::timeout)
    }

    /// Records that the value of a setting is not acceptable.
    pub(super) fn refuse(&mut self, key: &'static str, expected: &str) {
        if let Some(setting) = find(key) {
            let (text, source) = self.get(setting);
            self.problems.push(Problem::BadValue {
                key,
                source,
                value: shown(setting, &text),
                expected: expected.to_owned(),
            });
        }
    }

    /// Sets the default of a setting whose default depends on another setting.
    pub(super) fn set_default(&mut self, key: &'static str, value: &str) {
        self.found.entry(key).or_insert_with(|| (value.to_owned(), Source::Default));
    }

    /// Returns the effective values, the warnings and the problems.
    pub(super) fn finish(self) -> (Vec<Effective>, Vec<String>, Vec<Problem>) {
        let effective = SETTINGS.iter().map(|setting| {
            let (text, source) = self.get(setting);
            let value = match setting.key {
                _ if is_url(setting) => DatabaseUrlText::new(text).to_string(),
                COMMAND => without_arguments(&text),
                _ => text,
            };
            Effective { key: setting.key, value, source }
        });
        (effective.collect(), self.warnings, self.problems)
    }
}

/// The setting whose value is a command. The arguments of the command may contain a secret.
const COMMAND: &str = "master_key.command";

/// Returns the program of a command, with `…` in place of its arguments.
fn without_arguments(text: &str) -> String {
    match parse::command(text).flatten().unwrap_or_default().split_first() {
        Some((program, [])) => program.clone(),
        Some((program, _)) => format!("{program} …"),
        None => String::new(),
    }
}

/// Returns whether the value is a database URL, which may contain a password.
fn is_url(setting: &Setting) -> bool {
    matches!(setting.key, "database.url" | "database.listen_url")
}

/// Returns the value as an error message shows it: an empty text if it may contain a secret.
fn shown(setting: &Setting, value: &str) -> String {
    if is_url(setting) || setting.key == COMMAND { String::new() } else { value.to_owned() }
}

fn flag<'a>(flags: &'a Flags, key: &str) -> Option<&'a str> {
    match key {
        "server.public_addr" => flags.public_addr.as_deref(),
        "server.admin_addr" => flags.admin_addr.as_deref(),
        "data.dir" => flags.data_dir.as_deref(),
        "database.url" => flags.database_url.as_ref().map(DatabaseUrlText::expose),
        _ => None,
    }
}

/// Returns the content of a file that contains one value, without surrounding white space.
fn secret_of_file(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_SECRET).read_to_string(&mut text)?;
    match text.trim() {
        "" => Err(io::Error::other("it is empty")),
        text => Ok(text.to_owned()),
    }
}

/// Converts a list of strings to JSON, because a plain separator could also occur inside an item.
fn list(value: &Value) -> Option<String> {
    let items = value.as_array()?.iter().map(Value::as_str).collect::<Option<Vec<_>>>()?;
    serde_json::to_string(&items).ok()
}

/// Converts a TOML value to text in the format of environment variables.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Array(items) => {
            let items = items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()?;
            Some(items.join(","))
        }
        _ => None,
    }
}
