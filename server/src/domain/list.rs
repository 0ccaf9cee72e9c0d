//! Lists that are read page by page: each page begins after a row, not after a number of rows.

use doorward_shared::{Base64Url, admin::TenantSort, page::Order};
/// By what a row is sorted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortKey {
    /// A time or a number.
    Number(i64),
    /// A name.
    Text(String),
}

impl SortKey {
    /// The number; zero when it is a name.
    #[must_use]
    pub const fn number(&self) -> i64 {
        match self {
            Self::Number(number) => *number,
            Self::Text(_) => 0,
        }
    }

    /// The name; nothing when it is a number.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Number(_) => "",
            Self::Text(text) => text,
        }
    }
}

/// A row's place in a sorted list. Clients hand it back as they got it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// By what it is sorted.
    pub key: SortKey,
    /// Its id, which decides between equals.
    pub id: String,
}

impl Place {
    /// The text a client is given.
    #[must_use]
    pub fn encode(&self) -> String {
        let key = match &self.key {
            SortKey::Number(number) => format!("n{number}"),
            SortKey::Text(text) => format!("t{text}"),
        };
        Base64Url::encode(format!("{}\n{key}", self.id).as_bytes())
    }

    /// Reads a client's text; `None` when no page ended there.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let text = String::from_utf8(Base64Url::decode(text).ok()?.0).ok()?;
        let (id, key) = text.split_once('\n')?;
        let key = match key.split_at_checked(1)? {
            ("n", number) => SortKey::Number(number.parse().ok()?),
            ("t", text) if !text.contains('\0') => SortKey::Text(text.to_owned()),
            _ => return None,
        };
        (!id.contains('\0')).then(|| Self { key, id: id.to_owned() })
    }
}

/// Which part of a search a page ended in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// What begins with the text.
    Beginning,
    /// What contains it otherwise.
    Rest,
    /// What contains it in any way: too much begins with it to be listed first.
    All,
}

/// A row's place in a search. Clients hand it back as they got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPlace {
    /// The part.
    pub stage: Stage,
    /// The row.
    pub place: Place,
    /// How many matches there were up to it.
    pub seen: u64,
}

impl SearchPlace {
    /// The text a client is given.
    #[must_use]
    pub fn encode(&self) -> String {
        let stage = match self.stage {
            Stage::Beginning => 'b',
            Stage::Rest => 'r',
            Stage::All => 'a',
        };
        format!("{stage}{}.{}", self.seen, self.place.encode())
    }

    /// Reads a client's text; `None` when no page ended there.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let (head, place) = text.split_once('.')?;
        let (stage, seen) = head.split_at_checked(1)?;
        let stage = match stage {
            "b" => Stage::Beginning,
            "r" => Stage::Rest,
            "a" => Stage::All,
            _ => return None,
        };
        // No list is longer than that; sums stay far from overflowing.
        let seen: u32 = seen.parse().ok()?;
        Some(Self { stage, place: Place::decode(place)?, seen: seen.into() })
    }
}

/// Which rows of a list by time are asked for, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeQuery {
    /// Part of their names or ids.
    pub search: Option<String>,
    /// After which row.
    pub after: Option<SearchPlace>,
    /// How many at most.
    pub limit: u32,
}

/// Which tenants are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantQuery {
    /// Part of their name or id.
    pub search: Option<String>,
    /// In which order.
    pub sort: TenantSort,
    /// From which end.
    pub order: Order,
    /// After which row.
    pub after: Option<Place>,
    /// How many at most.
    pub limit: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_survive_the_wire() {
        for key in [SortKey::Number(-1), SortKey::Number(i64::MAX), SortKey::Text("a\nb, \u{202e}".to_owned())] {
            let place = Place { key, id: "0190".to_owned() };
            assert_eq!(Place::decode(&place.encode()), Some(place.clone()));
            for stage in [Stage::Beginning, Stage::Rest, Stage::All] {
                let search = SearchPlace { stage, place: place.clone(), seen: 7 };
                assert_eq!(SearchPlace::decode(&search.encode()), Some(search));
            }
        }
        for text in ["", "!", "AAAA", "YQ", &Base64Url::encode(b"id\nx1"), &Base64Url::encode(b"id\nnx")] {
            assert_eq!(Place::decode(text), None, "{text}");
        }
    }
}
