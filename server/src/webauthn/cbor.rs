//! A reader of the CBOR that authenticators write (CTAP 2.1 §8, "CTAP2 canonical CBOR encoding form").
//!
//! It works on the bytes in place, because Doorward keeps and re-encodes pieces exactly as they were sent. Indefinite
//! lengths and tags, which that form forbids, are refused, so there is one way to read every input.

/// No authenticator nests deeper; the `compound` attestation format needs five levels.
const MAX_DEPTH: u8 = 16;

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;

/// Reads items one after the other. `None` everywhere means: not the CBOR that was expected.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What was not read yet.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(usize::try_from(length).ok()?)?;
        self.rest = rest;
        Some(taken)
    }

    /// An item's major type and argument (RFC 8949 §3).
    fn head(&mut self) -> Option<(u8, u64)> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        let info = first & 0x1f;
        let argument = match info {
            0..=23 => u64::from(info),
            24..=27 => self.take(1 << (info - 24))?.iter().fold(0, |value, &byte| value << 8 | u64::from(byte)),
            _ => return None,
        };
        Some((first >> 5, argument))
    }

    fn expect(&mut self, major: u8) -> Option<u64> {
        self.head().filter(|head| head.0 == major).map(|head| head.1)
    }

    /// An integer.
    pub(super) fn integer(&mut self) -> Option<i64> {
        match self.head()? {
            (UNSIGNED, value) => i64::try_from(value).ok(),
            (NEGATIVE, value) => i64::try_from(value).ok().map(|value| -1 - value),
            _ => None,
        }
    }

    /// A byte string.
    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.expect(BYTES)?;
        self.take(length)
    }

    /// A text string.
    pub(super) fn text(&mut self) -> Option<&'a str> {
        let length = self.expect(TEXT)?;
        self.take(length).and_then(|text| std::str::from_utf8(text).ok())
    }

    /// The head of an array: how many items follow.
    pub(super) fn array(&mut self) -> Option<u64> {
        self.expect(ARRAY)
    }

    /// The head of a map: how many pairs follow.
    pub(super) fn map(&mut self) -> Option<u64> {
        self.expect(MAP)
    }

    /// The encoded bytes of the next item, whatever it is.
    pub(super) fn encoded_item(&mut self) -> Option<&'a [u8]> {
        let before = self.rest;
        self.skip(MAX_DEPTH)?;
        before.get(..before.len() - self.rest.len())
    }

    fn skip(&mut self, depth: u8) -> Option<()> {
        let deeper = depth.checked_sub(1)?;
        match self.head()? {
            (BYTES, length) => drop(self.take(length)?),
            (TEXT, length) => drop(std::str::from_utf8(self.take(length)?).ok()?),
            // A huge count ends the loop as soon as the input does: every item takes at least one byte.
            (ARRAY, count) => (0..count).try_for_each(|_| self.skip(deeper))?,
            (MAP, count) => (0..count).try_for_each(|_| self.skip(deeper).and_then(|()| self.skip(deeper)))?,
            (TAG, _) => return None,
            _ => {}
        }
        Some(())
    }
}

fn write_head(out: &mut Vec<u8>, major: u8, length: usize) {
    let major = major << 5;
    let be = (length as u64).to_be_bytes();
    let [.., high, low] = be;
    match length {
        0..=23 => out.push(major | low),
        24..=0xff => out.extend([major | 24, low]),
        0x100..=0xffff => out.extend([major | 25, high, low]),
        _ => {
            out.push(major | 27);
            out.extend(be);
        }
    }
}

/// Appends a text string.
pub(super) fn write_text(out: &mut Vec<u8>, text: &str) {
    write_head(out, TEXT, text.len());
    out.extend_from_slice(text.as_bytes());
}

/// Appends a byte string.
pub(super) fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_head(out, BYTES, bytes.len());
    out.extend_from_slice(bytes);
}

/// Appends the head of a map.
pub(super) fn write_map(out: &mut Vec<u8>, pairs: usize) {
    write_head(out, MAP, pairs);
}
