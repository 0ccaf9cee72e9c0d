use super::*;

#[test]
fn unsafe_characters_are_escaped() {
    for symbol in "\0\u{1b}\t\n\r\u{7f}\u{9b}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\
                   \u{200e}\u{200f}\u{61c}\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{2028}\u{2029}\u{e0001}\u{e0041}\
                   \u{e007f}\u{ad}\u{115f}\u{3164}\u{fff9}\u{e000}"
        .chars()
    {
        let shown = sanitize(&format!("a{symbol}b")).into_owned();
        assert_eq!(shown, format!("a\\u{{{:x}}}b", u32::from(symbol)));
        assert!(shown.is_ascii());
    }
}

#[test]
fn terminal_escape_sequences_are_escaped() {
    assert_eq!(sanitize("\u{1b}[31mred\u{1b}]52;c;aGk=\u{7}"), "\\u{1b}[31mred\\u{1b}]52;c;aGk=\\u{7}");
    assert_eq!(sanitize("admin\u{202e}nimda"), "admin\\u{202e}nimda");
}

#[test]
fn ordinary_text_is_unchanged() {
    for text in
        ["", "Shop", "Zoë", "Zoe\u{308}", "日本語", "👩💻", "🏳\u{fe0f}", "שלום", "हिन्दी", "👍🏽", "❤\u{fe0f}", "🇩🇪"]
    {
        assert_eq!(sanitize(text), text);
    }
    assert!(matches!(sanitize("plain ~"), Cow::Borrowed(_)));
}

#[test]
fn invisible_characters_after_a_letter_are_escaped() {
    assert_eq!(sanitize("ad\u{200d}min"), "ad\\u{200d}min");
    assert_eq!(sanitize("ad\u{fe0f}min"), "ad\\u{fe0f}min");
    assert_eq!(sanitize("👩\u{200d}💻"), "👩\\u{200d}💻");
}

#[test]
fn stacked_combining_marks_are_limited() {
    let stacked = format!("a{}", "\u{301}".repeat(5));
    assert_eq!(sanitize(&stacked), "a\u{301}\u{301}\u{301}\\u{301}\\u{301}");
    assert_eq!(sanitize("\u{301}a"), "\\u{301}a", "a leading mark would combine with the text before it");
}

#[test]
fn every_character_is_safe_at_the_start() {
    for symbol in '\0'..=char::MAX {
        let shown = sanitize(&format!("{symbol}x")).into_owned();
        assert!(!shown.chars().any(needs_escape), "{symbol:?}");
        assert!(shown.chars().next().is_some_and(|first| first.width() != Some(0)), "{symbol:?}");
    }
}

#[test]
fn text_is_truncated_by_columns() {
    assert_eq!(truncate("Shop", 4), "Shop");
    assert_eq!(truncate("Shops", 4), "Sho…");
    assert_eq!(truncate("日本語", 5), "日本…");
    assert_eq!(truncate("日本語", 4), "日…", "a wide character is not split");
    assert_eq!(truncate("Zoe\u{308}!!", 4), "Zoe\u{308}…");
    assert_eq!(truncate("🇩🇪🇩🇪", 3), "🇩🇪…", "a flag is one grapheme cluster");
    assert_eq!(truncate("a\u{202e}b", 8), "a…", "an escape is not split");
    assert_eq!(truncate("a\u{202e}b", 10), "a\\u{202e}b");
    assert_eq!(truncate("a\u{202e}bc", 10), "a\\u{202e}…");
    assert_eq!(truncate("ab", 1), "…");
    assert_eq!(truncate("ab", 0), "");
}

#[test]
fn padded_text_has_exactly_the_requested_width() {
    for text in ["", "Shop", "日本語", "a\u{202e}b", "Zoe\u{308}", "👩\u{200d}💻", "🇩🇪🇩🇪"] {
        for columns in 0..14 {
            assert_eq!(width(&pad(text, columns)), columns, "{text:?}");
        }
    }
}
