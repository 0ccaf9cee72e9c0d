//! The dependency rules of ARCHITECTURE.md, checked by reading the sources.
#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Which modules of the server a module may use, besides those of its own.
const ALLOWED: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("stopwatch", &[]),
    ("metrics", &[]),
    ("rate_limit", &[]),
    ("overload", &[]),
    ("telemetry", &[]),
    ("domain", &[]),
    ("config", &[]),
    ("probe", &["clock"]),
    ("db", &[]),
    ("store", &["db", "domain"]),
    ("transfer", &["db", "store"]),
    ("crypto", &["domain", "clock"]),
    ("webauthn", &["domain"]),
    ("app", &["clock", "config", "crypto", "db", "metrics", "overload", "rate_limit", "service", "stopwatch"]),
    ("service", &["app", "clock", "crypto", "db", "domain", "store", "webauthn"]),
    ("jobs", &["app", "db", "service", "store"]),
    ("http", &["app", "clock", "config", "domain", "service"]),
    ("routes", &["http"]),
    ("server", &["app", "http", "routes"]),
    ("installation", &["app", "clock", "crypto", "db", "domain", "service", "store", "transfer"]),
    ("demo", &["clock"]),
];

/// Crates that have one door.
const DOORS: &[(&str, &[&str])] = &[
    ("diesel", &["db", "store", "transfer"]),
    ("libsqlite3_sys", &["db"]),
    ("tokio_postgres", &["db"]),
    ("webauthn_rs", &["webauthn"]),
    ("actix_web", &["http", "routes", "server", "demo", "cli"]),
    ("argon2", &["crypto", "demo"]),
    ("rustix", &["crypto"]),
    ("reqwest", &["probe", "demo"]),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(sources(&entry));
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push(entry);
        }
    }
    found
}

/// The code of a file without its comments and its tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

/// The server's files outside test folders, with the top-level module each belongs to.
fn server() -> Vec<(String, PathBuf)> {
    let source = root().join("src");
    let module = |path: &Path| {
        let first = path.strip_prefix(&source).unwrap().components().next().unwrap();
        first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
    };
    sources(&source)
        .into_iter()
        .filter(|path| !path.components().any(|part| part.as_os_str() == "tests"))
        .map(|path| (module(&path), path))
        .collect()
}

/// Names of top-level modules that the code uses through `crate::`.
fn used(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (index, _) in code.match_indices("crate::") {
        // `macro_rules` and other crates' names end in `crate::` nowhere in this code base.
        let rest = &code[index + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut start = true;
            let mut name = String::new();
            for symbol in group.chars() {
                match symbol {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => start = true,
                    symbol if depth == 1 && start && (symbol.is_alphanumeric() || symbol == '_') => name.push(symbol),
                    _ => {}
                }
                if !(name.is_empty() || symbol.is_alphanumeric() || symbol == '_') {
                    names.push(std::mem::take(&mut name));
                    start = symbol == ',';
                }
                if depth == 0 {
                    break;
                }
            }
        } else {
            names.push(rest.chars().take_while(|symbol| symbol.is_alphanumeric() || *symbol == '_').collect());
        }
    }
    names
}

#[test]
fn uses_are_read_from_single_paths_and_from_groups() {
    let code = "use crate::store::Store;\nuse crate::{\n    app::App,\n    http::{ApiError, json},\n    clock,\n};";
    assert_eq!(used(code), ["store", "app", "http", "clock"]);
}

#[test]
fn modules_use_only_what_lies_below_them() {
    let mut wrong = Vec::new();
    for (module, path) in server() {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == module) else {
            assert!(["lib", "main", "cli"].contains(&module.as_str()), "{module} stands in no rule");
            continue;
        };
        for name in used(&code(&path)) {
            if name != module && !allowed.contains(&name.as_str()) {
                wrong.push(format!("{} uses crate::{name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn crates_are_used_behind_their_doors_only() {
    let mut wrong = Vec::new();
    for (module, path) in server() {
        let code = code(&path);
        for (name, doors) in DOORS {
            if !doors.contains(&module.as_str()) && code.contains(&format!("{name}::")) {
                wrong.push(format!("{} uses {name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_workspace_points_inwards() {
    let manifest = |name: &str| fs::read_to_string(root().join("..").join(name).join("Cargo.toml")).unwrap();
    let dependencies = |name: &str| {
        let text = manifest(name);
        let start = text.find("[dependencies]").unwrap();
        let end = text.find("[dev-dependencies]").unwrap_or(text.len());
        text[start..end.max(start)].to_owned()
    };
    for name in ["shared", "authenticator"] {
        assert!(!dependencies(name).contains("doorward-"), "{name} depends on nothing of the house");
    }
    for forbidden in ["diesel", "actix"] {
        assert!(!dependencies("shared").contains(forbidden), "shared knows no {forbidden}");
    }
    assert!(!dependencies("admin-tui").contains("doorward-server"), "the TUI speaks only the admin API");
    for name in ["shared", "authenticator", "server", "admin-tui"] {
        for tool in ["doorward-testkit", "doorward-bench"] {
            assert!(!dependencies(name).contains(tool), "{name} must not depend on {tool}");
        }
        assert!(!manifest(name).contains("doorward-bench"), "not even the tests of {name} use doorward-bench");
    }
    assert!(!manifest("testkit").contains("doorward-bench"), "the testkit must not depend on the measuring tools");
}
