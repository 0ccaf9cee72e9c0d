//! Names of people, tenants, devices, mail addresses and user agents.

use super::random::Random;

const GIVEN: &[&str] = &[
    "Anna",
    "Liam",
    "Zoë",
    "José",
    "Søren",
    "Łukasz",
    "Nguyễn",
    "Aylin",
    "Mateo",
    "Ingrid",
    "Siobhán",
    "François",
    "Jürgen",
    "Chloé",
    "Þóra",
    "Mihály",
    "Ștefan",
    "Đorđe",
    "Ñusta",
    "Ольга",
    "Дмитрий",
    "Ελένη",
    "Γιώργος",
    "محمد",
    "فاطمة",
    "דוד",
    "रोहन",
    "प्रिया",
    "สมชาย",
    "明",
    "小芳",
    "陽菜",
    "蓮",
    "지민",
    "서연",
    "தமிழ்",
    "გიორგი",
    "Արամ",
    "ሰላም",
    "Noa",
];
const FAMILY: &[&str] = &[
    "Müller",
    "O’Connor",
    "García",
    "Ångström",
    "Nowak",
    "Trần",
    "Yılmaz",
    "Rossi",
    "Lindqvist",
    "Ní Bhriain",
    "Lefèvre",
    "Weiß",
    "Dupont",
    "Jónsdóttir",
    "Szőke",
    "Ionescu",
    "Đoković",
    "Quispe",
    "Смирнова",
    "Иванов",
    "Παπαδοπούλου",
    "Νικολάου",
    "الأحمد",
    "حداد",
    "לוי",
    "शर्मा",
    "पटेल",
    "ใจดี",
    "王",
    "李",
    "佐藤",
    "鈴木",
    "김",
    "박",
    "முருகன்",
    "ბერიძე",
    "Պետրոսյան",
    "ተስፋዬ",
    "van der Berg",
    "Smith",
];
const TRADES: &[&str] = &[
    "Books",
    "Bank",
    "Clinic",
    "Énergie",
    "Bäckerei",
    "Airways",
    "Insurance",
    "University",
    "Town Hall",
    "Cycles",
    "Музыка",
    "書店",
    "Pharmacy",
    "Logistics",
    "Telecom",
    "Ferries",
    "Credit Union",
    "Wine & Cheese",
    "Robotics",
    "Savings",
];
const MAIL: &[&str] = &[
    "anna", "liam", "zoe", "jose", "soren", "lukasz", "nguyen", "aylin", "mateo", "ingrid", "siobhan", "francois",
    "jurgen", "chloe", "thora", "mihaly", "stefan", "dorde", "olga", "dmitri", "eleni", "george", "mohammed", "fatima",
    "david",
];
const DEVICES: &[&str] = &[
    "Security key",
    "Work laptop",
    "iPhone von Anna",
    "Pixel 9",
    "YubiKey 5C",
    "Passwort-Manager",
    "家のパソコン",
    "Mi portátil",
];
const AGENTS: &[&str] = &[
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "okhttp/5.1.0",
    "axios/1.12.2",
    "python-httpx/0.28.1",
    "Go-http-client/2.0",
    "Java-http-client/21.0.4",
];
/// Names that break careless printing, sorting or quoting. Without U+0000, which the API rejects.
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
    "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
];

/// Frequency of hostile names, if enabled, per thousand names.
const HOSTILE_PER_MILLE: u64 = 120;

/// Name generator.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    /// Whether to include hostile names.
    pub(super) hostile: bool,
}

impl Names {
    fn hostile(self, random: &mut Random) -> Option<String> {
        (self.hostile && random.chance(HOSTILE_PER_MILLE)).then(|| random.pick(HOSTILE).to_owned())
    }

    /// A person's name.
    pub(super) fn person(self, random: &mut Random) -> String {
        let (given, family) = (random.pick(GIVEN), random.pick(FAMILY));
        self.hostile(random).unwrap_or_else(|| format!("{given} {family}"))
    }

    /// A tenant's name; the number makes it unique.
    pub(super) fn tenant(self, random: &mut Random, number: u64) -> String {
        let (family, trade) = (random.pick(FAMILY), random.pick(TRADES));
        self.hostile(random).unwrap_or_else(|| format!("{family} {trade} {number}"))
    }

    /// Name of a credential.
    pub(super) fn device(self, random: &mut Random) -> String {
        let device = random.pick(DEVICES);
        self.hostile(random).unwrap_or_else(|| device.to_owned())
    }

    /// User agent of a client.
    pub(super) fn agent(self, random: &mut Random) -> String {
        let agent = random.pick(AGENTS);
        // A header cannot contain control characters.
        let hostile = self.hostile(random).map(|name| name.replace(char::is_control, ""));
        hostile.unwrap_or_else(|| agent.to_owned())
    }
}

/// Local part of a mail address.
pub(super) fn mailbox(random: &mut Random) -> &'static str {
    random.pick(MAIL)
}

/// Address of a client; one in eight is IPv6.
pub(super) fn address(random: &mut Random) -> String {
    let word = random.next();
    if word.is_multiple_of(8) {
        let [a, b, c, d] = [word >> 48, word >> 32, word >> 16, word >> 3].map(|part| part & 0xffff);
        return std::net::Ipv6Addr::from(
            (0x2001_0db8_u128 << 96)
                | (u128::from(a) << 64)
                | (u128::from(b) << 32)
                | (u128::from(c) << 16)
                | u128::from(d),
        )
        .to_string();
    }
    // 1.0.0.0 to 222.255.255.255.
    let first = 1 + (word >> 8) % 222;
    format!("{first}.{}.{}.{}", (word >> 16) & 255, (word >> 24) & 255, (word >> 32) & 255)
}
