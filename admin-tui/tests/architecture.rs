//! Reads the sources of the terminal app and checks its dependency rules: files have no import cycles, and modules of
//! the interactive app depend only on their own and lower layers.

use std::path::Path;

use doorward_testkit::sources::{Graph, Source, sources};

/// Layers of the interactive app, highest first. A module may depend on its own layer and on lower ones.
const LAYERS: &[&[&str]] = &[
    &["command"],
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

/// Modules outside of the layers. All layers may use them. They may use only each other and the two lowest layers.
const SHARED: &[&str] = &[
    "appearance",
    "args",
    "clock",
    "config_diff",
    "connection",
    "doctor",
    "explain",
    "number_format",
    "paths",
    "sanitize",
    "secret",
    "settings",
    "time_format",
    "time_parse",
    "trust_text",
    "zone",
];

fn app() -> Vec<Source> {
    sources(Path::new(env!("CARGO_MANIFEST_DIR")))
}

#[test]
fn modules_have_no_import_cycles() {
    let cycles = Graph::new(app()).cycles();
    assert!(cycles.is_empty(), "import cycles:\n{}", cycles.join("\n"));
}

#[test]
fn modules_depend_only_downwards() {
    let layer = |file: &Source| {
        let name = file.top_level();
        let layer = LAYERS.iter().position(|names| names.contains(&name));
        let is_known = layer.is_some() || SHARED.contains(&name) || name == "lib";
        assert!(is_known, "`{name}` is in no layer: add it to LAYERS or SHARED");
        layer
    };
    let graph = Graph::new(app());
    for (file, targets) in graph.files.iter().zip(graph.uses()) {
        // Shared modules may depend only on the two lowest layers.
        let lowest_allowed = layer(file).unwrap_or(LAYERS.len() - 2);
        for target in graph.files.iter().enumerate().filter(|(index, _)| targets.contains(index)).map(|(_, it)| it) {
            let is_allowed = layer(target).is_none_or(|layer| layer >= lowest_allowed);
            assert!(is_allowed, "{} must not depend on {}", file.path, target.path);
        }
    }
}

#[test]
fn only_ui_uses_text_and_widgets_of_ratatui() {
    for Source { path, code, .. } in app().iter().filter(|file| file.top_level() != "ui") {
        for name in ["widgets", "text::", "Span", "Paragraph"] {
            let used = code.contains(name) && code.contains("ratatui");
            assert!(!used, "{path} uses `{name}`: only Canvas sanitizes text");
        }
    }
}
