//! The dependency rules of ARCHITECTURE.md, checked by reading the source files.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic fails the test")]

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs,
    path::{Path, PathBuf},
};

/// Top-level modules of the server that each top-level module may use.
const ALLOWED: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("stopwatch", &[]),
    ("metrics", &[]),
    ("rate_limit", &[]),
    ("telemetry", &["config"]),
    ("domain", &[]),
    ("config", &[]),
    ("probe", &["clock"]),
    ("db", &[]),
    ("store", &["db", "domain"]),
    ("transfer", &["db", "store"]),
    ("crypto", &["domain", "clock"]),
    ("webauthn", &["domain"]),
    ("app", &["clock", "crypto", "db", "metrics", "rate_limit", "service", "stopwatch"]),
    ("service", &["app", "clock", "crypto", "db", "domain", "store", "webauthn"]),
    ("jobs", &["app", "db", "service", "store"]),
    ("http", &["app", "clock", "domain", "service"]),
    ("routes", &["http"]),
    ("server", &["app", "http", "routes"]),
    ("installation", &["app", "clock", "crypto", "db", "domain", "service", "store", "transfer"]),
    ("demo", &["clock"]),
];

/// Crates that only some top-level modules may use.
const CRATE_USERS: &[(&str, &[&str])] = &[
    ("diesel", &["db", "store", "transfer"]),
    ("libsqlite3_sys", &["db"]),
    ("tokio_postgres", &["db"]),
    ("webauthn_rs", &["webauthn"]),
    ("actix_web", &["http", "routes", "server", "demo", "cli"]),
    ("argon2", &["crypto", "demo"]),
    ("reqwest", &["probe", "demo"]),
];

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(rust_files(&entry));
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push(entry);
        }
    }
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

/// A source file of the server outside test folders.
struct Source {
    /// Path below `src`.
    path: String,
    /// Path of the module, empty for the crate root.
    module: Vec<String>,
    /// The text without comment lines and inline tests.
    code: String,
}

impl Source {
    fn top_level(&self) -> &str {
        self.module.first().map_or("lib", String::as_str)
    }
}

fn server() -> Vec<Source> {
    let folder = root().join("src");
    let read = |file: PathBuf| {
        let path = file.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
        let name = path.trim_end_matches(".rs").trim_end_matches("/mod");
        let module = if name == "lib" { Vec::new() } else { name.split('/').map(str::to_owned).collect() };
        let text = fs::read_to_string(&file).unwrap();
        // Inline tests are the last item of a file.
        let end = text.match_indices("#[cfg(test)]\n").find(|(index, word)| {
            let next = text[index + word.len()..].lines().next().unwrap_or_default();
            next.ends_with("mod tests {")
        });
        let text = end.map_or(text.as_str(), |(index, _)| &text[..index]);
        let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        // The path in `pub(in …)` is no use.
        Source { path, module, code: code.join("\n").replace("pub(in crate", "pub(in ") }
    };
    let is_product = |path: &PathBuf| !path.components().any(|part| part.as_os_str() == "tests");
    let mut files: Vec<Source> = rust_files(&folder).into_iter().filter(is_product).map(read).collect();
    files.retain(|file| file.path != "main.rs");
    files
}

const fn is_name(symbol: char) -> bool {
    symbol.is_ascii_alphanumeric() || symbol == '_'
}

/// Expands a use tree such as `crate::{a, b::{self, C}}` at the start of `text` into its paths. Returns the rest.
fn use_tree<'a>(mut text: &'a str, prefix: &[String], paths: &mut Vec<Vec<String>>) -> &'a str {
    let mut path = prefix.to_vec();
    loop {
        text = text.trim_start();
        if let Some(group) = text.strip_prefix('{') {
            text = group;
            while !text.trim_start().starts_with('}') && !text.is_empty() {
                text = use_tree(text, &path, paths).trim_start();
                text = text.trim_start_matches(|symbol: char| symbol != ',' && symbol != '}');
                text = text.strip_prefix(',').unwrap_or(text);
            }
            return text.trim_start().strip_prefix('}').unwrap_or("");
        }
        let end = text.find(|symbol: char| !is_name(symbol)).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        match name {
            "crate" => path = vec!["crate".to_owned()],
            "self" if !path.is_empty() => {}
            "" => {}
            _ => path.push(name.to_owned()),
        }
        text = rest;
        match text.strip_prefix("::") {
            Some(rest) if rest.starts_with(|symbol: char| is_name(symbol) || symbol == '{' || symbol == '*') => {
                text = rest
            }
            _ => {
                paths.push(path);
                return text;
            }
        }
    }
}

/// Paths in the code that start with one of the words.
fn paths(code: &str, words: &BTreeSet<&str>) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = code;
    let mut before = ' ';
    while let Some(start) = rest.find(is_name) {
        before = rest.get(..start).unwrap().chars().last().unwrap_or(before);
        rest = rest.get(start..).unwrap();
        let end = rest.find(|symbol: char| !is_name(symbol)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if words.contains(word) && after.starts_with("::") && before != ':' && before != '.' {
            rest = use_tree(rest, &[], &mut found);
        } else {
            rest = after;
        }
        before = word.chars().last().unwrap_or(before);
    }
    found
}

#[test]
fn use_trees_expand_to_paths() {
    let code = "use crate::store::Store;\nuse super::{\n    app::{self, App},\n    super::http::{json as j, *},\n    clock,\n};\n\
                let x = a::super_::y(self::one::two::<crate::three::T>(), other::crate_x);";
    let found = paths(code, &BTreeSet::from(["crate", "super", "self"]));
    let found: Vec<String> = found.iter().map(|path| path.join("::")).collect();
    let expected = [
        "crate::store::Store",
        "super::app",
        "super::app::App",
        "super::super::http::json",
        "super::super::http",
        "super::clock",
    ];
    assert_eq!(found, [&expected[..], &["self::one::two", "crate::three::T"]].concat());
}

/// The files of the server and which of them each one uses.
struct Graph {
    files: Vec<Source>,
    by_module: BTreeMap<Vec<String>, usize>,
}

impl Graph {
    fn new() -> Self {
        let files = server();
        let by_module = files.iter().enumerate().map(|(index, file)| (file.module.clone(), index)).collect();
        Self { files, by_module }
    }

    fn children(&self, file: &Source) -> BTreeSet<&str> {
        let child =
            |other: &Source| other.module.len() == file.module.len() + 1 && other.module.starts_with(&file.module);
        self.files.iter().filter(|other| child(other)).map(|other| other.module.last().unwrap().as_str()).collect()
    }

    /// Paths in the code, relative to the crate root.
    fn absolute_paths(&self, file: &Source, code: &str) -> Vec<Vec<String>> {
        let mut words = self.children(file);
        words.extend(["crate", "super", "self"]);
        let absolute = |path: Vec<String>| {
            let up = path.iter().take_while(|segment| *segment == "super").count();
            let start = match path.first().unwrap().as_str() {
                "crate" => &[],
                _ => file.module.get(..file.module.len() - up).unwrap(),
            };
            let rest = path.iter().skip_while(|segment| ["crate", "super", "self"].contains(&segment.as_str()));
            start.iter().chain(rest).cloned().collect()
        };
        paths(code, &words).into_iter().map(absolute).collect()
    }

    /// The file that defines the last segment of a path, through imports and re-exports.
    fn resolve(&self, path: &[String]) -> usize {
        let length = (0..=path.len()).rev().find(|length| self.by_module.contains_key(&path[..*length])).unwrap();
        let index = self.by_module[&path[..length]];
        let Some(item) = path.get(length) else { return index };
        let file = &self.files[index];
        // Child modules also see the private imports of their parents.
        let imports = file.code.match_indices("use ").filter_map(|(index, word)| {
            let (before, after) = file.code.split_at(index);
            let line = before.rsplit('\n').next()?;
            (line.is_empty() || line.starts_with("pub")).then(|| after.get(word.len()..)?.split(';').next())?
        });
        let exported = imports.flat_map(|tree| self.absolute_paths(file, tree)).find(|path| path.last() == Some(item));
        match exported {
            Some(exported) if exported != path => self.resolve(&exported),
            _ => index,
        }
    }

    fn uses(&self) -> Vec<BTreeSet<usize>> {
        let uses = |(index, file): (usize, &Source)| {
            let mut targets: BTreeSet<usize> =
                self.absolute_paths(file, &file.code).iter().map(|path| self.resolve(path)).collect();
            targets.remove(&index);
            targets
        };
        self.files.iter().enumerate().map(uses).collect()
    }
}

/// The shortest circle through a node.
fn circle(uses: &[BTreeSet<usize>], start: usize) -> Option<Vec<usize>> {
    let mut previous: BTreeMap<usize, usize> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for &next in &uses[node] {
            if previous.contains_key(&next) {
                continue;
            }
            previous.insert(next, node);
            if next == start {
                let mut circle = vec![start];
                let mut at = node;
                while at != start {
                    circle.push(at);
                    at = previous[&at];
                }
                circle.reverse();
                return Some(circle);
            }
            queue.push_back(next);
        }
    }
    None
}

#[test]
fn files_do_not_import_each_other_in_circles() {
    let graph = Graph::new();
    let uses = graph.uses();
    let mut circles: BTreeMap<BTreeSet<usize>, String> = BTreeMap::new();
    for circle in (0..uses.len()).filter_map(|file| circle(&uses, file)) {
        let names: Vec<&str> = circle.iter().map(|index| graph.files[*index].path.as_str()).collect();
        circles.entry(circle.into_iter().collect()).or_insert_with(|| names.join(" -> "));
    }
    let circles: Vec<String> = circles.into_values().collect();
    assert!(circles.is_empty(), "import circles:\n{}", circles.join("\n"));
}

#[test]
fn modules_use_only_modules_below_them() {
    let mut wrong = Vec::new();
    for file in server() {
        let module = file.top_level();
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == module) else {
            assert!(["lib", "cli"].contains(&module), "`{module}` is missing in ALLOWED");
            continue;
        };
        for path in paths(&file.code, &BTreeSet::from(["crate"])) {
            let Some(name) = path.get(1).map(String::as_str) else { continue };
            if name != module && !allowed.contains(&name) {
                wrong.push(format!("{} uses crate::{name}", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn crates_are_used_only_by_their_modules() {
    let mut wrong = Vec::new();
    for file in server() {
        for (name, modules) in CRATE_USERS {
            if !modules.contains(&file.top_level()) && file.code.contains(&format!("{name}::")) {
                wrong.push(format!("{} uses {name}", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn db_contains_no_table_and_store_starts_no_thread() {
    let files = server();
    let schema = &files.iter().find(|file| file.path == "store/schema.rs").unwrap().code;
    let tables: BTreeSet<&str> = schema
        .split("table! {")
        .skip(1)
        .map(|table| table.trim_start().split(|symbol: char| !is_name(symbol)).next().unwrap())
        .collect();
    assert!(tables.contains("users"), "{tables:?}");
    let mut wrong = Vec::new();
    for file in &files {
        let words: BTreeSet<&str> = file.code.split(|symbol: char| !is_name(symbol)).collect();
        let forbidden: BTreeSet<&str> = match file.top_level() {
            "db" => tables.clone(),
            "store" => BTreeSet::from(["thread", "spawn", "spawn_blocking", "tokio", "async"]),
            _ => continue,
        };
        wrong.extend(words.intersection(&forbidden).map(|word| format!("{} contains `{word}`", file.path)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn workspace_crates_depend_inwards() {
    let manifest = |name: &str| fs::read_to_string(root().join("..").join(name).join("Cargo.toml")).unwrap();
    let dependencies = |name: &str| {
        let text = manifest(name);
        let start = text.find("[dependencies]").unwrap();
        let end = text.find("[dev-dependencies]").unwrap_or(text.len());
        text[start..end.max(start)].to_owned()
    };
    for name in ["shared", "authenticator"] {
        assert!(!dependencies(name).contains("doorward-"), "{name} depends on another crate of the workspace");
    }
    for forbidden in ["diesel", "actix"] {
        assert!(!dependencies("shared").contains(forbidden), "shared depends on {forbidden}");
    }
    assert!(!dependencies("admin-tui").contains("doorward-server"), "the terminal app depends on the server");
    for name in ["shared", "authenticator", "server", "admin-tui"] {
        for tool in ["doorward-testkit", "doorward-bench"] {
            assert!(!dependencies(name).contains(tool), "{name} must not depend on {tool}");
        }
        assert!(!manifest(name).contains("doorward-bench"), "the tests of {name} must not depend on doorward-bench");
    }
    assert!(!manifest("testkit").contains("doorward-bench"), "the test kit must not depend on doorward-bench");
}
