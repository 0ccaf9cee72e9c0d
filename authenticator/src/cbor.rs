//! CBOR in the canonical form of CTAP2, except that callers choose the order of map entries: tests need wrong orders.

pub use ciborium::Value;

/// Encodes a value with definite lengths of the shortest form. The order of map entries is unchanged.
pub fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    // This cannot fail, because the target is memory and every `Value` can be encoded.
    let _ = ciborium::into_writer(value, &mut bytes);
    bytes
}

/// Decodes the first item and returns it with its length in bytes, or `None` if it is incomplete or invalid.
pub fn decode_prefix(bytes: &[u8]) -> Option<(Value, usize)> {
    let mut rest = bytes;
    let value = ciborium::from_reader(&mut rest).ok()?;
    Some((value, bytes.len() - rest.len()))
}

/// Decodes exactly one item, or returns `None` if the bytes are invalid or contain more than one item.
pub fn decode(bytes: &[u8]) -> Option<Value> {
    decode_prefix(bytes).filter(|(_, length)| *length == bytes.len()).map(|(value, _)| value)
}

pub fn text_map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (Value::Text(key.into()), value)).collect())
}

pub fn int_map<const N: usize>(entries: [(i64, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (Value::Integer(key.into()), value)).collect())
}
