//! Reader for CBOR that authenticators send (CTAP 2.1 §8, "CTAP2 canonical CBOR encoding form").
//!
//! Items borrow from the input, because Doorward stores or copies some of them exactly as they were sent. The encoding
//! form forbids indefinite lengths and tags. The reader rejects both, so each input has only one meaning.

/// Maximum nesting depth. The attestation format `compound` needs five levels.
const MAX_DEPTH: u8 = 16;

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;

/// Reads items in sequence. Methods return `None` if the next item is not valid or not of the expected type.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Returns the unread bytes.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(usize::try_from(length).ok()?)?;
        self.rest = rest;
        Some(taken)
    }

    /// Reads the major type and argument of an item (RFC 8949 §3).
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

    pub(super) fn integer(&mut self) -> Option<i64> {
        match self.head()? {
            (UNSIGNED, value) => i64::try_from(value).ok(),
            (NEGATIVE, value) => i64::try_from(value).ok().map(|value| -1 - value),
            _ => None,
        }
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.expect(BYTES)?;
        self.take(length)
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        let length = self.expect(TEXT)?;
        self.take(length).and_then(|text| std::str::from_utf8(text).ok())
    }

    /// Reads the head of an array and returns the number of items.
    pub(super) fn array(&mut self) -> Option<u64> {
        self.expect(ARRAY)
    }

    /// Reads the head of a map and returns the number of pairs.
    pub(super) fn map(&mut self) -> Option<u64> {
        self.expect(MAP)
    }

    /// Reads an item of any type and returns its encoded bytes.
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
            // A huge count is harmless, because every item has at least one byte, and the loop stops at the end of the
            // input.
            (ARRAY, count) => (0..count).try_for_each(|_| self.skip(deeper))?,
            (MAP, count) => (0..count).try_for_each(|_| self.skip(deeper).and_then(|()| self.skip(deeper)))?,
            (TAG, _) => return None,
            _ => {}
        }
        Some(())
    }
}

fn write_head(out: &mut Vec<u8>, major: u8, argument: u64) {
    let major = major << 5;
    let be = argument.to_be_bytes();
    let [.., high, low] = be;
    match argument {
        0..=23 => out.push(major | low),
        24..=0xff => out.extend([major | 24, low]),
        0x100..=0xffff => out.extend([major | 25, high, low]),
        0x1_0000..=0xffff_ffff => {
            let [.., a, b, c, d] = be;
            out.extend([major | 26, a, b, c, d]);
        }
        _ => {
            out.push(major | 27);
            out.extend(be);
        }
    }
}

pub(super) fn write_integer(out: &mut Vec<u8>, number: i64) {
    // The argument of a negative number n is -1 - n, which is the bitwise complement of n.
    match u64::try_from(number) {
        Ok(unsigned) => write_head(out, UNSIGNED, unsigned),
        Err(_) => write_head(out, NEGATIVE, !number as u64),
    }
}

pub(super) fn write_text(out: &mut Vec<u8>, text: &str) {
    write_head(out, TEXT, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

pub(super) fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_head(out, BYTES, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends the head of a map.
pub(super) fn write_map(out: &mut Vec<u8>, pairs: usize) {
    write_head(out, MAP, pairs as u64);
}
