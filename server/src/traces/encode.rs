//! The protobuf message `ExportTraceServiceRequest` of OTLP 1.x, with the fields that Doorward uses. The field numbers
//! are those of `opentelemetry/proto/trace/v1/trace.proto`.

use super::span::{Span, Value};

const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const LENGTH_DELIMITED: u64 = 2;

const KIND_INTERNAL: u64 = 1;
const KIND_SERVER: u64 = 2;
const STATUS_ERROR: u64 = 2;

/// Encodes one request to a collector.
pub(super) fn request(spans: &[Span], version: &str) -> Vec<u8> {
    let mut resource = Message::default();
    resource.attribute(1, "service.name", &Value::Text("doorward".to_owned()));
    resource.attribute(1, "service.version", &Value::Text(version.to_owned()));
    let mut scope = Message::default();
    scope.bytes(1, b"doorward");
    let mut scope_spans = Message::default();
    scope_spans.message(1, &scope);
    spans.iter().for_each(|it| scope_spans.message(2, &span(it)));
    let mut resource_spans = Message::default();
    resource_spans.message(1, &resource);
    resource_spans.message(2, &scope_spans);
    let mut request = Message::default();
    request.message(1, &resource_spans);
    request.0
}

fn span(span: &Span) -> Message {
    let mut message = Message::default();
    message.bytes(1, &span.trace);
    message.bytes(2, &span.span);
    if let Some(parent) = &span.parent {
        message.bytes(4, parent);
    }
    message.bytes(5, span.name.as_bytes());
    message.number(6, if span.is_request { KIND_SERVER } else { KIND_INTERNAL });
    message.fixed64(7, span.start);
    message.fixed64(8, span.end);
    for (name, value) in &span.attributes {
        message.attribute(9, name, value);
    }
    if span.has_failed {
        let mut status = Message::default();
        status.number(3, STATUS_ERROR);
        message.message(15, &status);
    }
    message
}

#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value as u8) | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn tag(&mut self, field: u64, wire_type: u64) {
        self.varint(field << 3 | wire_type);
    }

    fn number(&mut self, field: u64, value: u64) {
        self.tag(field, VARINT);
        self.varint(value);
    }

    fn fixed64(&mut self, field: u64, value: u64) {
        self.tag(field, FIXED64);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.tag(field, LENGTH_DELIMITED);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn message(&mut self, field: u64, message: &Self) {
        self.bytes(field, &message.0);
    }

    /// Adds a `KeyValue` with its `AnyValue`.
    fn attribute(&mut self, field: u64, name: &str, value: &Value) {
        let mut any = Self::default();
        match value {
            Value::Text(text) => any.bytes(1, text.as_bytes()),
            Value::Number(number) => any.number(3, u64::from_ne_bytes(number.to_ne_bytes())),
        }
        let mut pair = Self::default();
        pair.bytes(1, name.as_bytes());
        pair.message(2, &any);
        self.message(field, &pair);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected bytes were written by `opentelemetry-proto` 1.38 (PyPI) for the same message.
    #[test]
    fn message_equals_that_of_another_encoder() {
        let span = Span {
            trace: [0x0a; 16],
            span: [0x0b; 8],
            parent: Some([0x0c; 8]),
            name: "GET /x".to_owned(),
            is_request: true,
            start: 1_700_000_000_000_000_000,
            end: 1_700_000_000_005_000_000,
            attributes: vec![("a", Value::Text("b".repeat(200))), ("n", Value::Number(503)), ("m", Value::Number(-1))],
            has_failed: true,
        };
        let expected = include_str!("encoded_span.hex").trim();
        assert_eq!(doorward_shared::bytes::hex(&request(&[span], "0.1.0")), expected);
    }
}
