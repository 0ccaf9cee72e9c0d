//! CBOR as CTAP2 writes it, with no more order than its caller gives: a forger wants to choose.

pub use ciborium::Value;

/// Encodes a value with definite, shortest lengths. Map entries keep the order they are in.
#[must_use]
pub fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory does not fail, and every `Value` has an encoding.
    let _ = ciborium::into_writer(value, &mut bytes);
    bytes
}

/// Reads the first item, and tells how many bytes it took; `None` when there is no complete item.
#[must_use]
pub fn decode_prefix(bytes: &[u8]) -> Option<(Value, usize)> {
    let mut rest = bytes;
    let value = ciborium::from_reader(&mut rest).ok()?;
    Some((value, bytes.len() - rest.len()))
}

/// Reads exactly one item; `None` when it is broken or something follows it.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<Value> {
    decode_prefix(bytes).filter(|(_, length)| *length == bytes.len()).map(|(value, _)| value)
}

/// A map with text keys, in the given order.
#[must_use]
pub fn text_map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (Value::Text(key.into()), value)).collect())
}

/// A map with integer keys, in the given order.
#[must_use]
pub fn int_map<const N: usize>(entries: [(i64, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (Value::Integer(key.into()), value)).collect())
}
