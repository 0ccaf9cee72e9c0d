//! User agents, addresses, and names of people, tenants and devices.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::random::Random;

/// Given and family names in several scripts.
const GIVEN: &str =
    "Anna Liam Zoë José Łukasz Nguyễn Aylin Siobhán Jürgen Þóra Ștefan Ольга Ελένη محمد דוד रोहन สมชาย 明 陽菜 지민";
const FAMILY: &str = "Müller O’Connor García Ångström Trần Yılmaz Weiß Jónsdóttir Đoković Quispe Смирнова Νικολάου حداد לוי शर्मा 王 佐藤 김 Smith";
const TRADES: &str = "Books Bank Clinic Énergie Bäckerei Airways Insurance University Музыка 書店 Pharmacy Telecom";
const DEVICES: &[&str] =
    &["Security key", "Work laptop", "iPhone von Anna", "Passwort-Manager", "家のパソコン", "Mi portátil"];
const AGENTS: &[&str] = &[
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
    "okhttp/5.1.0",
    "Go-http-client/2.0",
];
/// Names that reveal faults in printing, sorting or quoting. None contains U+0000, because the API rejects it.
const HOSTILE: &[&str] = &[
    "'); DROP TABLE users; --",
    "<script>alert(1)</script>",
    "\u{202e}gro.elpmaxe\u{202c}",
    "\u{1b}[31mred\u{1b}[0m",
    "\u{1b}]0;title\u{7}",
    "a\u{200b}l\u{200b}i\u{200b}c\u{200b}e",
    "Z\u{0334}\u{0335}\u{0336}a\u{0337}\u{0338}l\u{0321}g\u{0322}o\u{0327}",
    "👩‍👩‍👧‍👦🏳️‍🌈",
    "line\nbreak\tand\rreturn",
    "%s%n%x %_\\",
    "\\N",
    "\u{feff}bom",
    "=HYPERLINK(\"http://example.com\")",
    "../../../../etc/passwd",
    "        ",
    "ＦＵＬＬＷＩＤＴＨ",
    "null",
    "\"quoted\", and, comma",
    "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
];
/// Number of hostile names per thousand names, if hostile names are enabled.
const HOSTILE_PER_MILLE: u64 = 120;

fn word(random: &mut Random, words: &'static str) -> &'static str {
    random.pick(&words.split(' ').collect::<Vec<_>>())
}

fn or_hostile(random: &mut Random, hostile: bool, name: String) -> String {
    if hostile && random.chance(HOSTILE_PER_MILLE) { random.pick(HOSTILE).to_owned() } else { name }
}

pub(super) fn person(random: &mut Random, hostile: bool) -> String {
    let name = format!("{} {}", word(random, GIVEN), word(random, FAMILY));
    or_hostile(random, hostile, name)
}

/// Name of a tenant. A name that is not hostile is unique, because it contains the number.
pub(super) fn tenant(random: &mut Random, hostile: bool, number: u64) -> String {
    let name = format!("{} {} {number}", word(random, FAMILY), word(random, TRADES));
    or_hostile(random, hostile, name)
}

/// Name of a credential.
pub(super) fn device(random: &mut Random, hostile: bool) -> String {
    let name = random.pick(DEVICES).to_owned();
    or_hostile(random, hostile, name)
}

/// User agent of a client. It contains no control characters, because a header cannot contain them.
pub(super) fn agent(random: &mut Random, hostile: bool) -> String {
    let name = random.pick(AGENTS).to_owned();
    or_hostile(random, hostile, name).replace(char::is_control, "")
}

/// Address of a client. One in eight addresses is an IPv6 address.
pub(super) fn address(random: &mut Random) -> String {
    let word = random.next();
    if word.is_multiple_of(8) {
        return Ipv6Addr::from((0x2001_0db8_u128 << 96) | u128::from(word)).to_string();
    }
    let [_, _, _, _, second, third, fourth, first] = word.to_be_bytes();
    Ipv4Addr::new(1 + first % 222, second, third, fourth).to_string()
}
