//! The dependency rules of ARCHITECTURE.md, checked by reading the source files.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use doorward_testkit::sources::{Graph, Source, cycle, is_name, paths, sources};

/// For each top-level module of the server, the top-level modules that it may use.
const ALLOWED: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("stopwatch", &[]),
    ("metrics", &[]),
    ("rate_limit", &[]),
    ("untrusted_peers", &[]),
    ("telemetry", &["config"]),
    ("traces", &[]),
    ("net", &[]),
    ("domain", &[]),
    ("config", &["db", "domain", "traces"]),
    ("secret_file", &["clock"]),
    ("token_verifier", &[]),
    ("probe", &["clock", "token_verifier"]),
    ("db", &["traces"]),
    ("store", &["db", "domain"]),
    ("transfer", &["db", "store"]),
    ("backup", &["db", "store"]),
    ("crypto", &["clock", "domain", "secret_file"]),
    ("webauthn", &["domain"]),
    (
        "app",
        &[
            "backup",
            "clock",
            "crypto",
            "db",
            "domain",
            "metrics",
            "rate_limit",
            "service",
            "stopwatch",
            "traces",
            "untrusted_peers",
        ],
    ),
    ("service", &["app", "clock", "crypto", "db", "domain", "store", "webauthn"]),
    ("import", &["app", "clock", "crypto", "db", "domain", "service", "store", "webauthn"]),
    ("jobs", &["app", "db", "domain", "probe", "service", "store"]),
    ("forwarding", &["app", "clock", "crypto", "db", "domain", "metrics", "service"]),
    ("http", &["app", "clock", "domain", "service", "traces"]),
    ("routes", &["http"]),
    ("server", &["app", "clock", "http", "net", "routes"]),
    ("installation", &["app", "clock", "crypto", "db", "domain", "secret_file", "service", "store", "transfer"]),
    ("demo", &["clock", "net", "secret_file", "token_verifier"]),
];

/// For each crate with restricted use, the top-level modules that may use it.
const CRATE_USERS: &[(&str, &[&str])] = &[
    ("diesel", &["db", "import", "store", "transfer"]),
    ("libsqlite3_sys", &["db"]),
    ("tokio_postgres", &["db"]),
    ("webauthn_rs", &["webauthn"]),
    ("actix_web", &["http", "routes", "server", "net", "demo", "cli"]),
    ("actix_http", &["net"]),
    ("rustix", &["crypto", "db", "net"]),
    ("argon2", &["crypto", "demo"]),
    ("reqwest", &["probe", "demo", "forwarding", "traces"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn server() -> Vec<Source> {
    sources(&root())
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

#[test]
fn cycles_are_found() {
    let uses = [&[1][..], &[2], &[3], &[1]].map(|targets| targets.iter().copied().collect::<BTreeSet<usize>>());
    assert_eq!(cycle(&uses, 0), None);
    assert_eq!(cycle(&uses, 1), Some(vec![2, 3, 1]));
}

#[test]
fn files_do_not_import_each_other_in_cycles() {
    let cycles = Graph::new(server()).cycles();
    assert!(cycles.is_empty(), "import cycles:\n{}", cycles.join("\n"));
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
