//! A TOML document as JSON, with the line number of each value.

use std::{collections::BTreeMap, ops::Range};

use serde_json::{Map, Value};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    command::toml_text::{ANY, may_be_any},
    config_diff::join,
};

#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) root: Map<String, Value>,
    pub(super) lines: Lines,
    /// Lines and messages of syntax errors.
    pub(super) errors: Vec<(usize, String)>,
}

/// The line number of each value, keyed by its path, such as `tenant[0].config.webauthn.timeout`.
#[derive(Debug, Default)]
pub(super) struct Lines(BTreeMap<String, usize>);

/// The byte offset of each line break of a text.
struct LineBreaks(Vec<usize>);

impl LineBreaks {
    fn new(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(position, _)| position).collect())
    }

    /// Returns the number of the line that contains a byte offset; the first line is 1.
    fn line_of(&self, position: usize) -> usize {
        self.0.partition_point(|line_break| *line_break < position) + 1
    }
}

impl Lines {
    /// Returns the line of a value. For an absent value, returns the line of the table that should contain it.
    pub(super) fn of(&self, path: &str) -> usize {
        let mut path = path;
        loop {
            if let Some(line) = self.0.get(path) {
                return *line;
            }
            let Some(end) = path.rfind(['.', '[']) else { return 1 };
            path = path.get(..end).unwrap_or_default();
        }
    }
}

impl Document {
    pub(super) fn parse(text: &str) -> Self {
        let (root, errors) = DeTable::parse_recoverable(text);
        let breaks = LineBreaks::new(text);
        let line = |span: Range<usize>| breaks.line_of(span.start);
        let errors = errors.iter().map(|error| (error.span().map_or(1, line), error.message().to_owned())).collect();
        let mut document = Self { root: Map::new(), lines: Lines::default(), errors };
        document.root = document.table(&breaks, "", root.into_inner());
        document
    }

    fn table(&mut self, breaks: &LineBreaks, path: &str, table: DeTable<'_>) -> Map<String, Value> {
        let member = |(name, value): (Spanned<std::borrow::Cow<'_, str>>, Spanned<DeValue<'_>>)| {
            let path = join(path, name.get_ref());
            self.lines.0.insert(path.clone(), breaks.line_of(name.span().start));
            let value = self.value(breaks, &path, value);
            let is_any = value == ANY && may_be_any(name.get_ref());
            (name.into_inner().into_owned(), if is_any { Value::Null } else { value })
        };
        table.into_iter().map(member).collect()
    }

    fn value(&mut self, breaks: &LineBreaks, path: &str, value: Spanned<DeValue<'_>>) -> Value {
        match value.into_inner() {
            DeValue::Table(table) => Value::Object(self.table(breaks, path, table)),
            DeValue::Array(items) => {
                let items = items.into_iter().enumerate().map(|(index, item)| {
                    let path = format!("{path}[{index}]");
                    self.lines.0.insert(path.clone(), breaks.line_of(item.span().start));
                    self.value(breaks, &path, item)
                });
                Value::Array(items.collect())
            }
            DeValue::Boolean(value) => Value::Bool(value),
            DeValue::Integer(value) => {
                let text = value.as_str();
                i64::from_str_radix(text, value.radix()).map_or_else(|_| Value::from(text), Value::from)
            }
            DeValue::Float(value) => value.as_str().parse::<f64>().map_or(Value::Null, Value::from),
            DeValue::String(text) => Value::String(text.into_owned()),
            DeValue::Datetime(time) => Value::String(time.to_string()),
        }
    }
}
