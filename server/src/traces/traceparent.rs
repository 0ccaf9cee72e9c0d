//! The header `traceparent` (W3C Trace Context, section 3.2).

/// The caller's span.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TraceParent {
    pub(super) trace: [u8; 16],
    pub(super) span: [u8; 8],
    pub(super) is_sampled: bool,
}

impl TraceParent {
    /// Parses the header; `None` if it is invalid. Fields that later versions of the header add are ignored, as the
    /// specification demands.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut fields = text.trim().split('-');
        let version = bytes::<1>(fields.next()?)?;
        let (trace, span) = (bytes::<16>(fields.next()?)?, bytes::<8>(fields.next()?)?);
        let [flags] = bytes::<1>(fields.next()?)?;
        let is_valid =
            version != [0xff] && (version != [0] || fields.next().is_none()) && trace != [0; 16] && span != [0; 8];
        is_valid.then_some(Self { trace, span, is_sampled: flags & 1 == 1 })
    }
}

/// Parses lower-case hexadecimal digits.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if text.len() != 2 * N || !text.bytes().all(is_hex) {
        return None;
    }
    let mut bytes = [0; N];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use doorward_shared::bytes::hex;

    use super::*;

    #[test]
    fn header_is_parsed_as_specified() {
        let parent = TraceParent::parse("00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01").unwrap();
        assert_eq!(hex(&parent.trace), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!((hex(&parent.span), parent.is_sampled), ("00f067aa0ba902b7".to_owned(), true));
        let later = "cc-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-02-what-the-future-will-be";
        assert!(!TraceParent::parse(later).unwrap().is_sampled);
        for invalid in [
            "",
            "00",
            "ff-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
            "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01-more",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-00f067aa0ba902b7-01",
            "00-0af7651916cd43dd8448eb211c80319-00f067aa0ba902b7-01",
            "00-0af7651916cd43dd8448eb211c80319é-00f067aa0ba902b7-01",
        ] {
            assert_eq!(TraceParent::parse(invalid), None, "{invalid}");
        }
    }
}
