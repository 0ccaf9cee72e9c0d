use super::*;

#[test]
fn what_could_do_harm_is_escaped() {
    for symbol in "\0\u{1b}\t\n\r\u{7f}\u{9b}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\
                   \u{200e}\u{200f}\u{61c}\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{2028}\u{2029}\u{e0001}\u{e0041}\
                   \u{e007f}\u{ad}\u{115f}\u{3164}\u{fff9}\u{e000}"
        .chars()
    {
        let shown = visible(&format!("a{symbol}b")).into_owned();
        assert_eq!(shown, format!("a\\u{{{:x}}}b", u32::from(symbol)));
        assert!(shown.is_ascii());
    }
}

#[test]
fn a_terminal_is_not_commanded() {
    assert_eq!(visible("\u{1b}[31mred\u{1b}]52;c;aGk=\u{7}"), "\\u{1b}[31mred\\u{1b}]52;c;aGk=\\u{7}");
    assert_eq!(visible("admin\u{202e}nimda"), "admin\\u{202e}nimda");
}

#[test]
fn ordinary_texts_stay_as_they_are() {
    for text in
        ["", "Shop", "Zoë", "Zoe\u{308}", "日本語", "👩💻", "🏳\u{fe0f}", "שלום", "हिन्दी", "👍🏽", "❤\u{fe0f}", "🇩🇪"]
    {
        assert_eq!(visible(text), text);
    }
    assert!(matches!(visible("plain ~"), Cow::Borrowed(_)));
}

#[test]
fn what_hides_behind_a_letter_is_escaped() {
    assert_eq!(visible("ad\u{200d}min"), "ad\\u{200d}min");
    assert_eq!(visible("ad\u{fe0f}min"), "ad\\u{fe0f}min");
    assert_eq!(visible("👩\u{200d}💻"), "👩\\u{200d}💻");
}

#[test]
fn heaps_of_marks_are_cut_down() {
    let heap = format!("a{}", "\u{301}".repeat(5));
    assert_eq!(visible(&heap), "a\u{301}\u{301}\u{301}\\u{301}\\u{301}");
    assert_eq!(visible("\u{301}a"), "\\u{301}a", "a mark at the beginning would sit on its neighbour");
}

#[test]
fn every_character_is_harmless_in_every_place() {
    for symbol in '\0'..=char::MAX {
        let shown = visible(&format!("{symbol}x")).into_owned();
        assert!(!shown.chars().any(is_hidden), "{symbol:?}");
        assert!(shown.chars().next().is_some_and(|first| first.width() != Some(0)), "{symbol:?}");
    }
}

#[test]
fn texts_are_cut_by_columns() {
    assert_eq!(fit("Shop", 4), "Shop");
    assert_eq!(fit("Shops", 4), "Sho…");
    assert_eq!(fit("日本語", 5), "日本…");
    assert_eq!(fit("日本語", 4), "日…", "half of a wide character is not shown");
    assert_eq!(fit("Zoe\u{308}!!", 4), "Zoe\u{308}…");
    assert_eq!(fit("🇩🇪🇩🇪", 3), "🇩🇪…", "a flag is two characters");
    assert_eq!(fit("a\u{202e}b", 8), "a…", "an escape is not cut inside");
    assert_eq!(fit("a\u{202e}b", 10), "a\\u{202e}b");
    assert_eq!(fit("a\u{202e}bc", 10), "a\\u{202e}…");
    assert_eq!(fit("ab", 1), "…");
    assert_eq!(fit("ab", 0), "");
}

#[test]
fn cells_take_exactly_their_columns() {
    for text in ["", "Shop", "日本語", "a\u{202e}b", "Zoe\u{308}", "👩\u{200d}💻", "🇩🇪🇩🇪"] {
        for columns in 0..14 {
            assert_eq!(width(&pad(text, columns)), columns, "{text:?}");
        }
    }
}
