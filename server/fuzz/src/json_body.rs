//! The depth limit of JSON bodies. A body within the limit must not overflow the stack of the JSON parser.
#![no_main]

use doorward_server::domain::json::is_deeper;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if !is_deeper(bytes, 32) {
        let _ = serde_json::from_slice::<serde_json::Value>(bytes);
    }
});
