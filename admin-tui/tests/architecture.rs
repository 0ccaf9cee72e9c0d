//! The dependency rules of the terminal app, checked by reading its sources.
//!
//! Modules are files. A file depends on another one if it names it, or an item in it, through `crate::`, `super::`,
//! `self::` or the name of a child module. There must be no cycle of dependencies, and the interactive app must depend
//! downwards only.
#![expect(clippy::unwrap_used, reason = "a panic here fails the test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// A module path without `crate`: `["ui", "table"]` for `ui/table.rs`.
type Module = Vec<String>;

/// Layers of the interactive app, highest first. A module may depend on its own layer and on lower ones.
const LAYERS: &[&[&str]] = &[
    &["main", "command"],
    &["terminal"],
    &["app"],
    &["update", "view", "effect_runner"],
    &["model", "message"],
    &["screen"],
    &["overlay"],
    &["ui"],
    &["effect", "terminal_control"],
    &["request"],
    &["api"],
];

/// Modules without a layer of their own: used by any layer, and forbidden to use the interactive app.
const SHARED: &[&str] = &[
    "args",
    "clock",
    "config_diff",
    "connection",
    "number_format",
    "paths",
    "sanitize",
    "secret",
    "time_format",
    "time_parse",
];

fn source_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { source_files(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// Returns the module in a file; `src/lib.rs` is the empty path.
fn module_of(file: &Path, root: &Path) -> Module {
    let relative = file.strip_prefix(root).unwrap().with_extension("");
    let mut module: Module = relative.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if module.last().is_some_and(|name| name == "mod" || name == "lib") {
        module.pop();
    }
    module
}

/// Removes comments and unit tests.
fn code_of(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Returns the paths that code names through `crate::`, `super::` or `self::`, with the groups of `use` expanded.
fn paths_in(code: &str) -> Vec<Module> {
    let mut paths = Vec::new();
    for keyword in ["crate::", "super::", "self::"] {
        for (at, _) in code.match_indices(keyword) {
            let before = code.get(..at).and_then(|before| before.chars().next_back());
            if before.is_none_or(|symbol| !symbol.is_alphanumeric() && symbol != '_' && symbol != ':') {
                expand(code.get(at..).unwrap_or_default(), &mut Vec::new(), &mut paths);
            }
        }
    }
    paths
}

/// Returns the child modules that code declares and names in paths.
fn children_in(code: &str, module: &Module) -> BTreeSet<Module> {
    let names = code.lines().filter_map(|line| line.trim().strip_suffix(';')?.split_once("mod ").map(|(_, name)| name));
    let is_named = |name: &&str| {
        code.match_indices(&format!("{name}::")).any(|(at, _)| {
            let before = code.get(..at).and_then(|before| before.chars().next_back());
            before.is_none_or(|symbol| !symbol.is_alphanumeric() && symbol != '_' && symbol != ':')
        })
    };
    names.filter(is_named).map(|name| [module.as_slice(), &[name.to_owned()]].concat()).collect()
}

/// Reads one path, or one group of paths in braces, and returns the unread text.
fn expand<'a>(text: &'a str, prefix: &mut Module, paths: &mut Vec<Module>) -> &'a str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = expand(rest, &mut prefix.clone(), paths).trim_start();
            match rest.strip_prefix(',') {
                Some(next) if !next.trim_start().starts_with('}') => rest = next,
                Some(next) => return next.trim_start().strip_prefix('}').unwrap_or_default(),
                None => return rest.strip_prefix('}').unwrap_or_default(),
            }
        }
    }
    let end = text.find(|symbol: char| !symbol.is_alphanumeric() && symbol != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if !name.is_empty() {
        prefix.push(name.to_owned());
    }
    match rest.strip_prefix("::") {
        Some(rest) if !rest.starts_with('<') => expand(rest, prefix, paths),
        _ => {
            paths.push(prefix.clone());
            // An alias.
            let alias = rest.trim_start().strip_prefix("as ").map(str::trim_start);
            alias.map_or(rest, |alias| {
                alias.trim_start_matches(|symbol: char| symbol.is_alphanumeric() || symbol == '_')
            })
        }
    }
}

/// Resolves a path that a module names to the module that contains the item.
fn resolve(path: &Module, from: &Module, modules: &BTreeSet<Module>) -> Option<Module> {
    let mut absolute = match path.first()?.as_str() {
        "crate" => Module::new(),
        "self" => from.clone(),
        _ => from.split_last()?.1.to_vec(),
    };
    for name in path.iter().skip(1) {
        if name == "super" {
            absolute.pop();
        } else {
            absolute.push(name.clone());
        }
    }
    while !modules.contains(&absolute) {
        absolute.pop()?;
    }
    Some(absolute)
}

/// Reads which module depends on which others.
fn dependencies() -> BTreeMap<Module, BTreeSet<Module>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let is_test = |module: &Module| module.last().is_some_and(|name| name == "tests");
    let files: BTreeMap<Module, String> = source_files(&root)
        .into_iter()
        .map(|file| (module_of(&file, &root), code_of(&fs::read_to_string(&file).unwrap())))
        .filter(|(module, _)| !is_test(module))
        .collect();
    let modules: BTreeSet<Module> = files.keys().cloned().collect();
    let targets = |module: &Module, code: &str| -> BTreeSet<Module> {
        let resolved = paths_in(code).into_iter().filter_map(|path| resolve(&path, module, &modules));
        resolved.chain(children_in(code, module)).filter(|target| target != module).collect()
    };
    files.iter().map(|(module, code)| (module.clone(), targets(module, code))).collect()
}

/// Returns the modules of a cycle that starts at `path`, if there is one.
fn cycle(
    graph: &BTreeMap<Module, BTreeSet<Module>>,
    path: &mut Vec<Module>,
    done: &mut BTreeSet<Module>,
) -> Option<Vec<Module>> {
    let module = path.last()?.clone();
    for target in graph.get(&module).into_iter().flatten() {
        if let Some(start) = path.iter().position(|it| it == target) {
            return Some(path.split_off(start));
        }
        if !done.contains(target) {
            path.push(target.clone());
            let found = cycle(graph, path, done);
            path.pop();
            if found.is_some() {
                return found;
            }
        }
    }
    done.insert(module);
    None
}

#[test]
fn paths_are_read_from_groups_and_expressions() {
    let code =
        "use crate::{\n    api::{ApiError, tail},\n    ui::table as t,\n};\nfn f() { super::g(self::h::<u8>()) }";
    let paths: Vec<String> = paths_in(code).iter().map(|path| path.join("::")).collect();
    assert_eq!(paths, ["crate::api::ApiError", "crate::api::tail", "crate::ui::table", "super::g", "self::h"]);
}

#[test]
fn cycles_are_found() {
    let module = |name: &str| vec![name.to_owned()];
    let edges = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "b")];
    let graph = edges.map(|(from, to)| (module(from), BTreeSet::from([module(to)]))).into();
    let found = cycle(&graph, &mut vec![module("a")], &mut BTreeSet::new());
    assert_eq!(found, Some(vec![module("b"), module("c"), module("d")]));
}

#[test]
fn modules_have_no_import_cycles() {
    let graph = dependencies();
    let mut done = BTreeSet::new();
    for module in graph.keys() {
        let found = cycle(&graph, &mut vec![module.clone()], &mut done);
        let names = found.map(|modules| modules.iter().map(|module| module.join("::")).collect::<Vec<_>>());
        assert_eq!(names, None, "modules depend on each other");
    }
}

#[test]
fn modules_depend_downwards_only() {
    let layer = |module: &Module| {
        let name = module.first().map_or("main", String::as_str);
        let layer = LAYERS.iter().position(|names| names.contains(&name));
        assert!(layer.is_some() || SHARED.contains(&name), "`{name}` is in no layer: add it to LAYERS or SHARED");
        layer
    };
    for (module, targets) in dependencies() {
        let own = layer(&module);
        for target in targets {
            // Shared modules know the wire types in `api` at most.
            let lowest_allowed = own.unwrap_or(LAYERS.len() - 2);
            let is_allowed = layer(&target).is_none_or(|layer| layer >= lowest_allowed);
            assert!(is_allowed, "`{}` must not depend on `{}`", module.join("::"), target.join("::"));
        }
    }
}

#[test]
fn only_ui_uses_text_and_widgets_of_ratatui() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in source_files(&root).iter().filter(|file| !file.starts_with(root.join("ui"))) {
        let code = code_of(&fs::read_to_string(file).unwrap());
        for name in ["widgets", "text::", "Span", "Paragraph"] {
            let used = code.contains(name) && code.contains("ratatui");
            assert!(!used, "{} uses `{name}`: only Canvas sanitizes text", file.display());
        }
    }
}
