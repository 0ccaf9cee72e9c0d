//! Origins that resemble the right one. All of them are wrong, because WebAuthn compares origins as text (§13.4.9).

use serde_json::json;

use super::{
    Ceremony,
    Demand::{Form, Protocol},
    List,
    client_data::edit,
};

/// The parts of the right origin.
struct Origin<'a> {
    scheme: &'a str,
    host: &'a str,
    /// Port with its colon; empty for the default port.
    port: &'a str,
}

impl<'a> Origin<'a> {
    fn new(text: &'a str) -> Self {
        let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
        let (host, port) = rest.split_at(rest.find(':').unwrap_or(rest.len()));
        Self { scheme, host, port }
    }
}

pub(super) fn mutations<P: Ceremony>(list: &mut List<P>) {
    let mut origin = |demand, name: &str, change: fn(&Origin<'_>) -> String| {
        list.parts(demand, format!("origin: {name}"), move |parts, _| {
            edit(parts, "origin", |text| change(&Origin::new(text)));
        });
    };
    origin(Protocol, "another", |_| "https://evil.example".into());
    origin(Protocol, "the other scheme", |o| {
        format!("{}://{}{}", if o.scheme == "https" { "http" } else { "https" }, o.host, o.port)
    });
    for_schemes(&mut origin);
    origin(Protocol, "another port", |o| format!("{}://{}:4443", o.scheme, o.host));
    origin(Protocol, "port 0", |o| format!("{}://{}:0", o.scheme, o.host));
    origin(Protocol, "two ports", |o| format!("{}://{}{}:443:443", o.scheme, o.host, o.port));
    origin(Protocol, "a port out of range", |o| format!("{}://{}:65979", o.scheme, o.host));
    origin(Protocol, "a trailing dot", |o| format!("{}://{}.{}", o.scheme, o.host, o.port));
    origin(Protocol, "a leading dot", |o| format!("{}://.{}{}", o.scheme, o.host, o.port));
    origin(Protocol, "a subdomain", |o| format!("{}://sub.{}{}", o.scheme, o.host, o.port));
    origin(Protocol, "the parent domain", |o| {
        let parent = o.host.split_once('.').map_or("localdomain", |(_, parent)| parent);
        format!("{}://{parent}{}", o.scheme, o.port)
    });
    origin(Protocol, "as a prefix of a domain", |o| format!("{}://{}.evil.example{}", o.scheme, o.host, o.port));
    origin(Protocol, "as a prefix of a label", |o| format!("{}://{}evil.example{}", o.scheme, o.host, o.port));
    origin(Protocol, "as a suffix of a label", |o| format!("{}://evil{}{}", o.scheme, o.host, o.port));
    origin(Protocol, "as a suffix after a hyphen", |o| format!("{}://evil-{}{}", o.scheme, o.host, o.port));
    origin(Protocol, "as user name of another", |o| format!("{}://{}@evil.example", o.scheme, o.host));
    origin(Protocol, "as user name and port of another", |o| format!("{}://{}:443@evil.example", o.scheme, o.host));
    origin(Protocol, "in the path of another", |o| format!("https://evil.example/{}://{}", o.scheme, o.host));
    origin(Protocol, "in the query of another", |o| format!("https://evil.example?{}://{}", o.scheme, o.host));
    origin(Protocol, "in the fragment of another", |o| format!("https://evil.example#{}://{}", o.scheme, o.host));
    origin(Protocol, "after a backslash of another", |o| format!("https://evil.example\\@{}", o.host));
    origin(Protocol, "and another", |o| format!("{}://{}{},https://evil.example", o.scheme, o.host, o.port));
    origin(Protocol, "and another after a space", |o| {
        format!("{}://{}{} https://evil.example", o.scheme, o.host, o.port)
    });
    origin(Protocol, "cut by NUL", |o| format!("{}://{}\0.evil.example", o.scheme, o.host));
    origin(Protocol, "cut by %00", |o| format!("{}://{}%00.evil.example", o.scheme, o.host));
    origin(Protocol, "cut by a line feed", |o| format!("{}://{}\n.evil.example", o.scheme, o.host));
    origin(Protocol, "an escaped dot of another", |o| format!("{}://{}%2eevil.example", o.scheme, o.host));
    origin(Protocol, "punycode", |o| format!("{}://xn--{}-9ta{}", o.scheme, o.host.replace('.', "-"), o.port));
    origin(Protocol, "a Cyrillic look-alike", |o| {
        let host = o.host.replace('a', "\u{430}").replace('e', "\u{435}").replace('o', "\u{43e}");
        format!("{}://{host}{}", o.scheme, o.port)
    });
    origin(Protocol, "an accent", |o| format!("{}://{}\u{301}{}", o.scheme, o.host, o.port));
    origin(Protocol, "null", |_| "null".into());
    origin(Protocol, "a star", |_| "*".into());
    origin(Protocol, "a pattern", |o| format!("{}://*", o.scheme));
    origin(Protocol, "a pattern of its domain", |o| format!("{}://*.{}{}", o.scheme, o.host, o.port));
    origin(Protocol, "a scheme alone", |o| format!("{}://", o.scheme));
    origin(Protocol, "a host alone", |o| o.host.into());
    origin(Protocol, "without a scheme", |o| format!("//{}{}", o.host, o.port));
    origin(Protocol, "IPv4", |_| "https://127.0.0.1".into());
    origin(Protocol, "IPv6", |_| "https://[::1]".into());
    origin(Protocol, "an app", |_| "android:apk-key-hash:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into());
    origin(Protocol, "an iOS app", |o| format!("ios:bundle-id:{}", o.host));
    origin(Protocol, "an extension", |_| "chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".into());
    origin(Protocol, "64 KiB", |o| format!("{}://{}{}", o.scheme, "a".repeat(65_536), o.host));
    same_when_parsed(&mut origin);
    list.parts(Protocol, "origin: among two in an array", |parts, scene| {
        parts.client_data().set("origin", json!([scene.origin, "https://evil.example"]));
    });
}

type Add<'a> = dyn FnMut(super::Demand, &str, fn(&Origin<'_>) -> String) + 'a;

fn for_schemes(origin: &mut Add<'_>) {
    origin(Protocol, "ftp", |o| format!("ftp://{}{}", o.host, o.port));
    origin(Protocol, "wss", |o| format!("wss://{}{}", o.host, o.port));
    origin(Protocol, "file", |o| format!("file://{}", o.host));
    origin(Protocol, "a blob of it", |o| format!("blob:{}://{}{}/5a5a", o.scheme, o.host, o.port));
    origin(Protocol, "view-source", |o| format!("view-source:{}://{}{}", o.scheme, o.host, o.port));
    origin(Protocol, "filesystem", |o| format!("filesystem:{}://{}{}/temporary", o.scheme, o.host, o.port));
    origin(Protocol, "a longer scheme", |o| format!("{}s://{}{}", o.scheme, o.host, o.port));
    origin(Protocol, "data", |_| "data:text/html,x".into());
    origin(Protocol, "javascript", |o| format!("javascript://{}{}", o.host, o.port));
}

/// Texts that a URL parser converts to the right origin. Browsers never send them.
fn same_when_parsed(origin: &mut Add<'_>) {
    origin(Form, "the scheme in upper case", |o| format!("{}://{}{}", o.scheme.to_uppercase(), o.host, o.port));
    origin(Form, "the host in upper case", |o| format!("{}://{}{}", o.scheme, o.host.to_uppercase(), o.port));
    origin(Form, "the default port", |o| {
        let port = if o.scheme == "http" { 80 } else { 443 };
        // An origin that already has a port stays unchanged, so the mutation has no effect.
        let port = if o.port.is_empty() { format!(":{port}") } else { o.port.into() };
        format!("{}://{}{port}", o.scheme, o.host)
    });
    origin(Form, "an empty port", |o| format!("{}://{}:", o.scheme, o.host));
    origin(Form, "a port with a leading zero", |o| {
        format!("{}://{}:0{}", o.scheme, o.host, o.port.strip_prefix(':').unwrap_or("443"))
    });
    origin(Form, "a slash appended", |o| format!("{}://{}{}/", o.scheme, o.host, o.port));
    origin(Form, "a path", |o| format!("{}://{}{}/login", o.scheme, o.host, o.port));
    origin(Form, "a path up and down", |o| format!("{}://{}{}/a/..", o.scheme, o.host, o.port));
    origin(Form, "a query", |o| format!("{}://{}{}?a", o.scheme, o.host, o.port));
    origin(Form, "a fragment", |o| format!("{}://{}{}#a", o.scheme, o.host, o.port));
    origin(Form, "a user name", |o| format!("{}://user@{}{}", o.scheme, o.host, o.port));
    origin(Form, "a password", |o| format!("{}://user:password@{}{}", o.scheme, o.host, o.port));
    origin(Form, "an empty user name", |o| format!("{}://@{}{}", o.scheme, o.host, o.port));
    origin(Form, "one slash", |o| format!("{}:/{}{}", o.scheme, o.host, o.port));
    origin(Form, "no slash", |o| format!("{}:{}{}", o.scheme, o.host, o.port));
    origin(Form, "three slashes", |o| format!("{}:///{}{}", o.scheme, o.host, o.port));
    origin(Form, "backslashes", |o| format!("{}:\\\\{}{}", o.scheme, o.host, o.port));
    origin(Form, "a space prepended", |o| format!(" {}://{}{}", o.scheme, o.host, o.port));
    origin(Form, "a space appended", |o| format!("{}://{}{} ", o.scheme, o.host, o.port));
    origin(Form, "a NUL appended", |o| format!("{}://{}{}\0", o.scheme, o.host, o.port));
    origin(Form, "a line feed appended", |o| format!("{}://{}{}\n", o.scheme, o.host, o.port));
    origin(Form, "a tab within", |o| format!("{}:\t//{}{}", o.scheme, o.host, o.port));
    origin(Form, "a byte order mark prepended", |o| format!("\u{feff}{}://{}{}", o.scheme, o.host, o.port));
    origin(Form, "a percent escape", |o| {
        let escaped: String = o.host.bytes().map(|byte| format!("%{byte:02x}")).collect();
        format!("{}://{escaped}{}", o.scheme, o.port)
    });
    origin(Form, "full-width letters", |o| {
        let wide = o.host.chars().map(|c| match c {
            'a'..='z' => char::from_u32(u32::from(c) - u32::from('a') + 0xff41).unwrap_or(c),
            _ => c,
        });
        format!("{}://{}{}", o.scheme, wide.collect::<String>(), o.port)
    });
    origin(Form, "an ideographic full stop", |o| {
        format!("{}://{}{}", o.scheme, o.host.replace('.', "\u{3002}"), o.port)
    });
    origin(Form, "a soft hyphen", |o| format!("{}://\u{ad}{}{}", o.scheme, o.host, o.port));
    origin(Form, "a zero-width space", |o| format!("{}://\u{200b}{}{}", o.scheme, o.host, o.port));
}
