//! Reads the sources of a crate, for tests of its dependency rules.
#![expect(clippy::unwrap_used, reason = "a panic is a failed test")]

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs,
    path::{Path, PathBuf},
};

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

/// A source file that is not part of a test module.
#[derive(Debug)]
pub struct Source {
    /// Path below `src`.
    pub path: String,
    /// Path of the module, empty for the crate root.
    pub module: Vec<String>,
    /// The text without comment lines and inline tests.
    pub code: String,
}

impl Source {
    pub fn top_level(&self) -> &str {
        self.module.first().map_or("lib", String::as_str)
    }
}

/// Reads the source files of the crate in `root`, without `main.rs`.
pub fn sources(root: &Path) -> Vec<Source> {
    let folder = root.join("src");
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
        // The path in `pub(in …)` is not a dependency, so `paths` must not find it.
        Source { path, module, code: code.join("\n").replace("pub(in crate", "pub(in ") }
    };
    let mut files: Vec<Source> = rust_files(&folder).into_iter().map(read).collect();
    files.retain(|file| file.path != "main.rs" && !file.module.iter().any(|name| name == "tests"));
    files
}

pub const fn is_name(symbol: char) -> bool {
    symbol.is_ascii_alphanumeric() || symbol == '_'
}

/// Expands a use tree such as `crate::{a, b::{self, C}}` at the start of `text` into paths. Returns the rest of `text`.
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

/// Returns the paths in the code that start with one of the words.
pub fn paths(code: &str, words: &BTreeSet<&str>) -> Vec<Vec<String>> {
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

/// The files of a crate and the dependencies between them.
#[derive(Debug)]
pub struct Graph {
    pub files: Vec<Source>,
    by_module: BTreeMap<Vec<String>, usize>,
}

impl Graph {
    pub fn new(files: Vec<Source>) -> Self {
        let by_module = files.iter().enumerate().map(|(index, file)| (file.module.clone(), index)).collect();
        Self { files, by_module }
    }

    fn children(&self, file: &Source) -> BTreeSet<&str> {
        let child =
            |other: &Source| other.module.len() == file.module.len() + 1 && other.module.starts_with(&file.module);
        self.files.iter().filter(|other| child(other)).map(|other| other.module.last().unwrap().as_str()).collect()
    }

    /// Returns the paths in the code of a file, relative to the crate root.
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

    /// Returns the file that defines the last segment of a path. Follows imports and re-exports.
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

    /// Returns the indices of the files that each file uses.
    pub fn uses(&self) -> Vec<BTreeSet<usize>> {
        let uses = |(index, file): (usize, &Source)| {
            let mut targets: BTreeSet<usize> =
                self.absolute_paths(file, &file.code).iter().map(|path| self.resolve(path)).collect();
            targets.remove(&index);
            targets
        };
        self.files.iter().enumerate().map(uses).collect()
    }

    /// Returns the import cycles, each as the paths of its files.
    pub fn cycles(&self) -> Vec<String> {
        let uses = self.uses();
        let mut cycles: BTreeMap<BTreeSet<usize>, String> = BTreeMap::new();
        for cycle in (0..uses.len()).filter_map(|file| cycle(&uses, file)) {
            let names: Vec<&str> = cycle.iter().map(|index| self.files[*index].path.as_str()).collect();
            cycles.entry(cycle.into_iter().collect()).or_insert_with(|| names.join(" -> "));
        }
        cycles.into_values().collect()
    }
}

/// Returns the shortest cycle of dependencies through the file with index `start`; `None` if there is none.
pub fn cycle(uses: &[BTreeSet<usize>], start: usize) -> Option<Vec<usize>> {
    let mut previous: BTreeMap<usize, usize> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for &next in &uses[node] {
            if previous.contains_key(&next) {
                continue;
            }
            previous.insert(next, node);
            if next == start {
                let mut cycle = vec![start];
                let mut at = node;
                while at != start {
                    cycle.push(at);
                    at = previous[&at];
                }
                cycle.reverse();
                return Some(cycle);
            }
            queue.push_back(next);
        }
    }
    None
}
